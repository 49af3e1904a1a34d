// Bars of raddle beside the best peer or the limit, and the filters of the rows.
"use strict";
(() => {
  const { state, data, chart, logAxis, colour, element, times, tick, standing, narrow } = dashboard;
  const form = state.bind(document.getElementById("controls"));

  const wanted = (row) => {
    const text = `${row.id} ${row.title} ${row.peerName} ${row.limitName}`.toLowerCase();
    const words = form.value("find").toLowerCase().split(/\s+/);
    const only = form.value("only");
    return words.every((word) => text.includes(word))
      && (!row.further || form.value("further") !== "" || form.value("find") !== "")
      && (only === "" || row.latest === only || (only === "behind" && row.toPeer > 1));
  };

  const byId = new Map(data.rows.map((row) => [row.id, row]));
  const output = document.getElementById("shown");
  state.watch(() => {
    let shown = 0;
    for (const line of document.querySelectorAll("tr[data-id]")) {
      line.hidden = !wanted(byId.get(line.dataset.id));
      shown += line.hidden ? 0 : 1;
    }
    output.textContent = `${shown} of ${data.rows.length} figures`;
    for (const group of document.querySelectorAll(".group")) {
      group.hidden = group.querySelector("tr[data-id]:not([hidden])") === null;
    }
  });

  // What a bar stands for, in words.
  const describe = (row, against) => against === "peer"
    ? `${row.id} ${row.title}: raddle ${row.raddle}, ${row.peerName} ${row.peer}, ${standing(row.toPeer)}`
    : `${row.id} ${row.title}: raddle ${row.raddle}, limit ${row.limit}, ${times(row.toLimit)}`;

  const rowsOf = (group, against) => data.rows.filter((row) =>
    row.group === group && wanted(row) && (against === "peer" ? row.toPeer : row.toLimit) !== null);

  // The names of the benchmarks, beside so wide a chart.
  const nameWidth = (width) => (narrow() ? 60 : Math.min(330, width * 0.33));

  // Room for labels beyond the longest bars: so many pixels of what is left beside the names.
  const extent = (ratios, width) => {
    const logs = ratios.map((ratio) => Math.log10(ratio));
    const [low, high] = [Math.min(0, ...logs), Math.max(0, ...logs)];
    const share = Math.min(0.35, 100 / (width - nameWidth(width) - 40));
    const sides = (low < 0 ? 1 : 0) + (high > 0 ? 1 : 0);
    const room = Math.max(0.1, (high - low) / (1 - sides * share)) * share;
    return [10 ** (low < 0 ? low - room : -0.02), 10 ** (high > 0 ? high + room : 0.02)];
  };

  const draw = (group) => {
    const against = () => form.value("against");
    const caption = document.getElementById(`caption-${group}`);
    const made = chart(`chart-${group}`, {
      height: () => `${Math.max(4, rowsOf(group, against()).length * (against() === "peer" ? 1.55 : 2.1)) + 4.5}rem`,
      option: ({ axis, text, width }) => {
        const rows = rowsOf(group, against());
        const beside = against() === "peer";
        const ratios = rows.flatMap((row) => beside ? [row.toPeer] : [row.toLimit, row.peerToLimit ?? 1]);
        const [min, max] = extent(ratios, width);
        caption.textContent = beside
          ? "How many times better (to the left) or worse (to the right) raddle is than the best peer of the same run; logarithmic. Hollow bars are within noise."
          : "How many times worse than the hand-written limit of the same run: raddle, and the best peer in grey; logarithmic, shorter is better.";
        const ours = colour("--raddle");
        const labelled = (ratio, words) => ({
          show: true,
          position: ratio < 1 ? "left" : "right",
          color: text,
          formatter: () => words,
        });
        const bars = [{
          name: "raddle",
          type: "bar",
          barMaxWidth: 14,
          data: rows.map((row) => {
            const ratio = beside ? row.toPeer : row.toLimit;
            const hollow = beside && row.verdict === "undecided";
            return {
              value: ratio,
              itemStyle: { color: hollow ? "transparent" : ours, borderColor: ours, borderWidth: 1.5 },
              label: labelled(ratio, beside ? standing(ratio) : times(ratio)),
            };
          }),
          markLine: {
            silent: true,
            symbol: "none",
            label: { show: false },
            lineStyle: { color: text, type: "solid", width: 1 },
            data: [{ xAxis: 1 }],
          },
        }];
        if (!beside) {
          bars.push({
            name: "best peer",
            type: "bar",
            barMaxWidth: 8,
            barGap: "10%",
            itemStyle: { color: colour("--bar") },
            data: rows.map((row) => row.peerToLimit === null ? null : {
              value: row.peerToLimit,
              label: { ...labelled(row.peerToLimit, times(row.peerToLimit)), color: colour("--soft") },
            }),
          });
        }
        return {
          grid: { left: 8, right: 16, top: 8, bottom: 40, containLabel: true },
          xAxis: {
            ...logAxis(axis, min, max, { label: (value) => tick(times(value < 1 && beside ? 1 / value : value)) }),
            startValue: 1,
            name: beside ? "← better than the best peer     times     worse →" : "times the limit (lower is better)",
            nameLocation: "middle",
            nameGap: 28,
          },
          yAxis: {
            ...axis,
            type: "category",
            inverse: true,
            data: rows.map((row) => row.id),
            axisTick: { show: false },
            axisLabel: {
              color: text,
              interval: 0,
              width: nameWidth(width),
              overflow: "truncate",
              formatter: (id) => narrow() ? id : `${id}  ${byId.get(id).title}`,
            },
            triggerEvent: true,
          },
          tooltip: {
            trigger: "axis",
            axisPointer: { type: "shadow", shadowStyle: { color: colour("--shade") } },
            formatter: ([first]) => element("span", {}, describe(byId.get(first.name), against())),
          },
          series: bars,
        };
      },
      points: () => rowsOf(group, against()).map((row, index) => ({ series: 0, index, text: describe(row, against()), row })),
      open: (point) => location.assign(point.row.href),
    });
    made?.instance.on("click", (event) => {
      const row = byId.get(event.componentType === "yAxis" ? event.value : event.name);
      if (row) {
        location.assign(row.href);
      }
    });
  };

  for (const group of ["threads", "processes"]) {
    draw(group);
  }
})();
