// One benchmark: bars of the last run, lines of its history, counted instructions beside them, latencies.
"use strict";
(() => {
  const { state, data, shared, chart, logAxis, colour, look, element, figure, digits, times, tick, narrow } = dashboard;
  const { lines, unit, better, statistic } = data;
  const { runs } = shared;
  const last = runs.length - 1;
  const show = (value) => figure(value, unit);
  const binary = unit === "B";
  const form = state.bind(document.getElementById("controls"));
  const floor = lines.find((line) => line.role === "limit");

  const spreadOf = ([, low, high]) => `${show(low)} to ${show(high)}`;

  // Now.

  const order = data.order.map((at) => lines[at]);
  const describeNow = (line) => {
    const point = line.points[last];
    return `${line.name}: ${show(point[0])}, ${spreadOf(point)}`;
  };
  // Bars on a logarithmic axis need somewhere to begin: at a round figure well below the lowest.
  const barStart = (values) => 10 ** Math.floor(Math.log10(Math.min(...values)) - 0.3);

  const drawNow = () => chart("chart-now", {
    height: () => `${order.length * 1.75 + 4.5}rem`,
    option: ({ axis, text }) => {
      const positive = order.flatMap((line) => line.points[last].slice(0, 3)).filter((value) => value > 0);
      const log = positive.length === order.length * 3;
      const min = log ? barStart(positive) : 0;
      const max = Math.max(...positive, 0);
      return {
        grid: { left: 8, right: narrow() ? 90 : 170, top: 8, bottom: 40, containLabel: true },
        xAxis: {
          ...(log
            ? { ...logAxis(axis, min, max * 1.1, { binary, label: (value) => tick(show(value)) }), startValue: min }
            : { ...axis, type: "value", axisLabel: { ...axis.axisLabel, hideOverlap: true, formatter: (value) => tick(show(value)) } }),
          name: `${statistic}${log ? ", logarithmic" : ""} (${better})`,
          nameLocation: "middle",
          nameGap: 28,
        },
        yAxis: {
          ...axis,
          type: "category",
          inverse: true,
          data: order.map((line) => line.name),
          axisTick: { show: false },
          axisLabel: { color: text, interval: 0, width: narrow() ? 110 : 260, overflow: "truncate" },
        },
        tooltip: {
          trigger: "axis",
          axisPointer: { type: "shadow", shadowStyle: { color: colour("--shade") } },
          formatter: ([first]) => element("span", {}, describeNow(order[first.dataIndex])),
        },
        series: [
          {
            name: "median",
            type: "bar",
            barMaxWidth: 16,
            data: order.map((line) => ({
              value: line.points[last][0],
              itemStyle: { color: colour(line.role === "raddle" ? "--raddle" : line.role === "peer" ? "--bar" : "--bar-limit") },
            })),
          },
          whiskers(order.map((line) => line.points[last]), colour("--text")),
          {
            // The label stands behind the whisker.
            name: "label",
            type: "custom",
            silent: true,
            data: order.map((line, i) => [line.points[last][2], i]),
            renderItem: (_, api) => {
              const [x, y] = api.coord([api.value(0), api.value(1)]);
              const line = order[api.value(1)];
              const ratio = floor?.points[last]?.[0] > 0 && line !== floor ? `   ${times(behind(line.points[last][0], floor.points[last][0]))} the limit` : "";
              return {
                type: "text",
                style: { text: `${show(line.points[last][0])}${narrow() ? "" : ratio}`, x: x + 6, y, fill: text, textVerticalAlign: "middle", fontSize: 12 },
              };
            },
          },
        ],
      };
    },
    points: () => order.map((line, index) => ({ series: 0, index, text: describeNow(line) })),
  });

  const behind = (value, other) => (better.startsWith("lower") ? value / other : other / value);

  const whiskers = (points, stroke) => ({
    name: "spread",
    type: "custom",
    silent: true,
    z: 3,
    data: points.map(([, low, high], i) => [low, high, i]),
    encode: { x: [0, 1], y: 2 },
    renderItem: (_, api) => {
      const [from, y] = api.coord([api.value(0), api.value(2)]);
      const [to] = api.coord([api.value(1), api.value(2)]);
      const style = { stroke, lineWidth: 1, opacity: 0.7 };
      const stroke1 = (x1, y1, x2, y2) => ({ type: "line", shape: { x1, y1, x2, y2 }, style });
      return {
        type: "group",
        children: [stroke1(from, y, to, y), stroke1(from, y - 3, from, y + 3), stroke1(to, y - 3, to, y + 3)],
      };
    },
  });

  // History.

  const inLimits = () => form.value("show") === "limit" && floor;
  const shownLines = () => {
    const names = form.values("contenders");
    const meant = state.get("contender");
    return lines.filter((line) => names.includes(line.name) || line.name === meant);
  };

  const asChange = () => form.value("show") === "change";

  // The middle one of a line's figures, which changes are held against.
  const usual = new Map(lines.map((line) => {
    const figures = line.points.filter((point) => point !== null).map((point) => point[0]).sort((a, b) => a - b);
    return [line, figures[Math.floor(figures.length / 2)]];
  }));

  // A run's figures: in the unit, as times the limit of the same run, or over the line's usual figure.
  const at = (line, run) => {
    const point = line.points[run];
    if (point === null || !(inLimits() || asChange())) {
      return point;
    }
    if (asChange()) {
      const level = usual.get(line);
      return level > 0 ? [point[0] / level, point[1] / level, point[2] / level, point[3]] : null;
    }
    const limit = floor.points[run]?.[0];
    if (!(limit > 0)) {
      return null;
    }
    const [a, b] = [behind(point[1], limit), behind(point[2], limit)];
    return [behind(point[0], limit), Math.min(a, b), Math.max(a, b), point[3]];
  };
  const showAt = (value) => {
    if (asChange()) {
      const share = (value - 1) * 100;
      return `${share > 0 ? "+" : ""}${share.toFixed(Math.abs(share) < 10 ? 1 : 0)}%`;
    }
    return inLimits() ? times(value) : show(value);
  };
  const inUnit = () => !inLimits() && !asChange();
  const what = () => (inLimits() ? "times the limit" : asChange() ? "beside the contender's median of all runs" : statistic);

  const describeRun = (index) => {
    const run = runs[index];
    return `${run.started}, ${run.commit} ${run.subject}${run.dirty ? " (changed work tree)" : ""}`;
  };

  const rowsOf = (index) => shownLines().flatMap((line) => {
    const point = at(line, index);
    return point ? [[line, showAt(point[0]), `${showAt(point[1])} to ${showAt(point[2])}`, point[3]]] : [];
  });

  const tip = (index) => element(
    "div",
    { class: "tip" },
    element("strong", {}, runs[index].started),
    element("p", {}, element("code", {}, runs[index].commit), ` ${runs[index].subject}`, runs[index].dirty ? " (changed work tree)" : ""),
    element("table", {}, ...rowsOf(index).map(([line, median, spread, clean]) => element(
      "tr",
      {},
      element("th", {}, element("span", { class: "swatch", style: `--colour: var(${line.colour})` }), line.name),
      element("td", {}, median),
      element("td", { class: "soft" }, clean ? spread : `${spread}, few clean rounds`),
    ))),
  );

  // The runs in sight: by the address, or the last so many.
  const range = () => {
    const find = (name) => runs.findIndex((run) => run.key === state.get(name));
    const [from, to] = [find("from"), find("to")];
    if (from >= 0 && to >= from) {
      return [from, to];
    }
    const count = Number(form.value("last")) || runs.length;
    return [Math.max(0, runs.length - count), last];
  };

  const runAxis = (axis, withNames) => ({
    ...axis,
    type: "category",
    boundaryGap: false,
    data: runs.map((run) => run.key),
    name: withNames ? "runs, by day" : "",
    nameLocation: "middle",
    nameGap: 28,
    axisLabel: {
      ...axis.axisLabel,
      hideOverlap: true,
      alignMinLabel: "left",
      alignMaxLabel: "right",
      formatter: (_, index) => runs[index].started.slice(0, 10),
    },
  });

  const markLines = () => {
    const colourOf = { worse: colour("--worse"), better: colour("--better") };
    const raddle = lines.findIndex((line) => line.role === "raddle");
    const marks = data.shifts
      .filter((shift) => shift.line === raddle || lines[shift.line].name === state.get("contender"))
      .map((shift) => {
        const way = shift.worse ? "worse" : "better";
        return {
          xAxis: shift.run,
          name: "shift",
          lineStyle: { color: colourOf[way], type: "dashed", width: 1.5 },
          label: { show: true, formatter: `${way} ${shift.percent}`, color: colourOf[way], position: "end" },
        };
      });
    const meant = runs.findIndex((run) => run.key === state.get("run"));
    if (meant >= 0) {
      marks.push({ xAxis: meant, name: "selected", lineStyle: { color: colour("--text"), type: "solid", width: 1 }, label: { show: false } });
    }
    return { silent: true, symbol: "none", animation: false, data: marks };
  };

  // A band is what lies between two stacked lines: the lowest round and, on it, the distance to the highest.
  const bandOf = (line, { colour: hue }) => {
    const part = (name, value, style) => ({
      name: `${line.name} ${name}`,
      type: "line",
      stack: `band ${line.name}`,
      silent: true,
      symbol: "none",
      lineStyle: { opacity: 0 },
      tooltip: { show: false },
      data: runs.map((_, run) => {
        const point = at(line, run);
        return point && (point[1] > 0 || form.value("scale") === "linear") ? value(point) : null;
      }),
      ...style,
    });
    return [
      part("lowest", (point) => point[1], {}),
      part("band", (point) => point[2] - point[1], { areaStyle: { color: hue, opacity: 0.14 } }),
    ];
  };

  // A line's name at its end, where there is room for all.
  const MOST_LABELS = 4;
  const endLabel = ({ colour: hue }, count) => narrow() || count > MOST_LABELS ? {} : {
    endLabel: { show: true, formatter: "{a}", color: hue, width: 150, overflow: "truncate", distance: 8 },
  };
  // The charts of the history lie under each other, so their axes begin at the same place.
  const leftOf = () => (narrow() ? 62 : 88);
  const rightOf = (count) => (narrow() || count > MOST_LABELS ? 24 : 170);

  // What an axis has to hold: everything that is drawn, and a little room.
  const extent = (from, to) => {
    const figures = shownLines().flatMap((line) => runs.flatMap((_, index) => {
      const point = index >= from && index <= to ? at(line, index) : null;
      return point ? (form.value("spread") === "" ? [point[0]] : [point[1], point[0], point[2]]) : [];
    }));
    const positive = figures.filter((value) => value > 0);
    return positive.length === figures.length && figures.length > 0 ? [Math.min(...figures) / 1.04, Math.max(...figures) * 1.04] : null;
  };

  const lineOf = (line, count) => {
    const style = look(line);
    const ours = line.role === "raddle";
    return {
      name: line.name,
      type: "line",
      ...endLabel(style, count),
      z: ours ? 5 : 3,
      color: style.colour,
      symbol: style.symbol,
      symbolSize: ours ? 6 : 5,
      showAllSymbol: true,
      lineStyle: { width: ours ? 2.25 : 1.5, type: style.dash, color: style.colour },
      data: runs.map((run, index) => {
        const point = at(line, index);
        return point && {
          value: point[0],
          itemStyle: run.dirty ? { color: colour("--paper"), borderColor: style.colour, borderWidth: 1.5 } : undefined,
        };
      }),
    };
  };

  const seriesOf = () => {
    const shown = shownLines();
    // Bands first: what the keys and the tests ask for by number are the lines, then.
    const bands = form.value("spread") === "" ? [] : shown.flatMap((line) => bandOf(line, look(line)));
    const made = [...shown.map((line) => lineOf(line, shown.length)), ...bands];
    if (made.length > 0) {
      made[0].markLine = markLines();
    }
    return made;
  };

  const history = () => chart("chart-history", {
    option: ({ axis }) => {
      const [from, to] = range();
      const logs = form.value("scale") === "log" ? extent(from, to) : null;
      const label = (value) => (asChange() ? `${Math.round((value - 1) * 1000) / 10}%` : tick(showAt(value)));
      return {
        grid: { left: leftOf(), right: rightOf(shownLines().length), top: 60, bottom: 92 },
        xAxis: runAxis(axis, true),
        yAxis: {
          ...(logs
            ? logAxis(axis, ...logs, { binary: binary && inUnit(), label })
            : { ...axis, type: "value", axisLabel: { ...axis.axisLabel, formatter: label } }),
          nameGap: 30,
          name: `${what()}${logs ? ", logarithmic" : ""} (${inLimits() ? "lower is better" : better})`,
          nameTextStyle: { ...axis.nameTextStyle, align: "left" },
        },
        dataZoom: [
          { type: "inside", startValue: from, endValue: to, minValueSpan: 2, zoomOnMouseWheel: "ctrl" },
          {
            type: "slider",
            startValue: from,
            endValue: to,
            minValueSpan: 2,
            height: 22,
            bottom: 14,
            brushSelect: false,
            moveHandleStyle: { color: colour("--rule") },
            handleStyle: { color: colour("--paper"), borderColor: colour("--soft") },
            emphasis: { moveHandleStyle: { color: colour("--soft") }, handleStyle: { borderColor: colour("--raddle") } },
            borderColor: colour("--rule"),
            fillerColor: colour("--shade"),
            textStyle: { color: colour("--soft") },
            labelFormatter: (index) => runs[index]?.started.slice(0, 10) ?? "",
            showDataShadow: false,
          },
        ],
        tooltip: { trigger: "axis", formatter: ([first]) => tip(first.dataIndex) },
        series: seriesOf(),
      };
    },
    points: () => {
      const [from, to] = range();
      const indices = runs.map((_, index) => index).filter((index) => index >= from && index <= to && rowsOf(index).length > 0);
      return indices.map((index) => ({
        series: shownLines().findIndex((line) => at(line, index)),
        index,
        text: `${describeRun(index)}: ${rowsOf(index).map(([line, median, spread]) => `${line.name} ${median}, ${spread}`).join("; ")}`,
      }));
    },
    open: (point) => state.set("run", runs[point.index].key),
  });

  const drawn = history();
  if (drawn) {
    const zr = drawn.instance.getZr();
    zr.on("click", (event) => {
      const spot = [event.offsetX, event.offsetY];
      if (drawn.instance.containPixel("grid", spot)) {
        const index = drawn.instance.convertFromPixel({ xAxisIndex: 0 }, spot[0]);
        state.set("run", runs[Math.min(Math.max(Math.round(index), 0), last)].key);
      }
    });
    let waiting = 0;
    drawn.instance.on("datazoom", () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => {
        const [zoom] = drawn.instance.getOption().dataZoom;
        const whole = zoom.startValue <= 0 && zoom.endValue >= last;
        state.set("from", whole ? null : runs[zoom.startValue].key);
        state.set("to", whole ? null : runs[zoom.endValue].key);
      }, 150);
    });
    // Another choice of runs takes the place of a zoom.
    document.getElementById("controls").elements.last.addEventListener("input", () => {
      state.set("from", null);
      state.set("to", null);
    });
  }

  // The run that the address names.
  const selected = document.getElementById("selected");
  state.watch(() => {
    const index = runs.findIndex((run) => run.key === state.get("run"));
    for (const row of document.querySelectorAll("#table-history tr[data-run]")) {
      row.classList.toggle("meant", row.dataset.run === state.get("run"));
    }
    if (index < 0) {
      selected.replaceChildren();
      return;
    }
    const close = element("button", { type: "button" }, "Close");
    close.addEventListener("click", () => state.set("run", null));
    selected.replaceChildren(
      element("h3", {}, `Run of ${runs[index].started}`),
      element("p", {}, element("code", {}, runs[index].commit), ` ${runs[index].subject}`, runs[index].dirty ? " (changed work tree)" : "", `, ${runs[index].rustc}`),
      element("ul", { class: "list" }, ...rowsOf(index).map(([line, median, spread]) => element("li", {}, element("b", {}, line.name), ` ${median}, ${spread}`))),
      close,
    );
  });

  // Instructions beside it.

  const select = document.getElementById("count");
  if (select) {
    select.append(...shared.counts.map((path) => element("option", { value: path.id }, `${path.id}  ${path.title}`)));
    if (shared.counts.some((path) => path.id === data.count)) {
      select.value = data.count;
    }
    const choice = state.bind(document.getElementById("count-controls"));
    const path = () => shared.counts.find((known) => known.id === choice.value("count")) ?? shared.counts[0];
    const describe = (index) => `${describeRun(index)}: ${path().points[index] === null ? "not counted" : `${digits(path().points[index])} instructions`}`;
    chart("chart-counts", {
      option: ({ axis }) => {
        const [from, to] = range();
        return {
          grid: { left: leftOf(), right: rightOf(shownLines().length), top: 30, bottom: 24 },
          xAxis: runAxis(axis, false),
          yAxis: {
            ...axis,
            type: "value",
            scale: true,
            name: "instructions (lower is better)",
            nameTextStyle: { ...axis.nameTextStyle, align: "left" },
            splitNumber: 3,
            minInterval: 1,
            axisLabel: { ...axis.axisLabel, formatter: (value) => value.toLocaleString("en") },
          },
          dataZoom: [{ type: "inside", startValue: from, endValue: to, zoomLock: true, zoomOnMouseWheel: false, moveOnMouseMove: false }],
          tooltip: { trigger: "axis", formatter: ([first]) => element("span", {}, describe(first.dataIndex)) },
          series: [{ name: path().id, type: "line", step: "end", symbolSize: 5, color: colour("--raddle"), data: path().points }],
        };
      },
      points: () => path().points.flatMap((count, index) => (count === null ? [] : [{ series: 0, index, text: describe(index) }])),
    });
    echarts.connect([drawn.instance, dashboard.charts.get("chart-counts")].filter(Boolean));
  }

  // Latencies.

  const latencyForm = document.getElementById("latency-controls");
  const drawLatency = () => {
    const choice = state.bind(latencyForm);
    const caption = document.getElementById("caption-latency");
    const STEPS = [["p50", 0.5], ["p90", 0.9], ["p99", 0.99], ["p99.9", 0.999]];
    const buckets = (entry) => (entry.histogram ?? []).filter(([bound]) => bound > 0);

    // How many nines: 0.9 is 1, 0.99 is 2; what a chart of a tail has along its axis.
    const nines = (share) => -Math.log10(1 - share);
    const byPercentile = (entry) => {
      const list = buckets(entry);
      const total = list.reduce((sum, [, count]) => sum + count, 0);
      if (total === 0) {
        return entry.quantiles ? STEPS.map(([name, share]) => [nines(share), entry.quantiles[name]]) : [];
      }
      let below = 0;
      return list.flatMap(([bound, count]) => {
        below += count;
        // The last bucket ends at 100%, which has no place; it stands where half a latency is missing.
        return [[nines(Math.min(below / total, 1 - 0.5 / total)), bound]];
      });
    };
    const asHistogram = (entry) => {
      const list = buckets(entry);
      const total = list.reduce((sum, [, count]) => sum + count, 0);
      return list.map(([bound, count]) => [bound, (count / total) * 100]);
    };
    const shareName = (value) => {
      const share = 1 - 10 ** -value;
      return value === 0 ? "0%" : `${(share * 100).toFixed(Math.max(0, Math.round(value) - 2))}%`;
    };
    const isHistogram = () => choice.value("latency") === "histogram";
    const points = () => data.latencies.flatMap((entry, series) => {
      const list = isHistogram() ? asHistogram(entry) : byPercentile(entry);
      const name = lines[entry.line].name;
      return list.map(([x, y], index) => ({
        series,
        index,
        text: isHistogram() ? `${name}: ${digits(y)}% up to ${figure(x, "ns")}` : `${name}: ${(100 * (1 - 10 ** -x)).toFixed(3)}% within ${figure(y, "ns")}`,
      }));
    });

    chart("chart-latency", {
      option: ({ axis }) => {
        const histogram = isHistogram();
        caption.textContent = histogram
          ? "Share of the tasks by their latency; logarithmic. To the left is better."
          : "The latency that so many of the tasks stay within; both axes logarithmic. Lower is better.";
        const bounds = data.latencies.flatMap((entry) => byPercentile(entry).map(([, bound]) => bound));
        const latency = logAxis(axis, Math.min(...bounds) / 1.1, Math.max(...bounds) * 1.1, { label: (value) => tick(figure(value, "ns")) });
        const top = Math.ceil(Math.max(1, ...data.latencies.flatMap((entry) => byPercentile(entry).map(([x]) => x))));
        return {
          grid: { left: 8, right: histogram ? 24 : rightOf(data.latencies.length), top: 40, bottom: 44, containLabel: true },
          xAxis: histogram
            ? { ...latency, name: "latency, logarithmic (lower is better)", nameLocation: "middle", nameGap: 28 }
            : { ...axis, type: "value", min: 0, max: top, interval: 1, name: "share of the tasks", nameLocation: "middle", nameGap: 28, axisLabel: { ...axis.axisLabel, formatter: shareName } },
          yAxis: histogram
            ? { ...axis, type: "value", name: "share of the tasks", nameTextStyle: { ...axis.nameTextStyle, align: "left" }, axisLabel: { ...axis.axisLabel, formatter: "{value}%" } }
            : { ...latency, name: "latency, logarithmic (lower is better)", nameTextStyle: { ...axis.nameTextStyle, align: "left" } },
          tooltip: { trigger: "item", formatter: ({ seriesIndex, dataIndex }) => element("span", {}, points().find((point) => point.series === seriesIndex && point.index === dataIndex).text) },
          series: data.latencies.map((entry) => {
            const style = look(lines[entry.line]);
            return {
              name: lines[entry.line].name,
              type: "line",
              step: histogram ? "middle" : "end",
              symbol: style.symbol,
              symbolSize: 4,
              showSymbol: !histogram,
              color: style.colour,
              lineStyle: { width: lines[entry.line].role === "raddle" ? 2.25 : 1.5, type: style.dash },
              ...(histogram ? {} : endLabel(style, data.latencies.length)),
              data: histogram ? asHistogram(entry) : byPercentile(entry),
            };
          }),
        };
      },
      points,
    });
  };

  if (order.length > 0) {
    drawNow();
  }
  if (latencyForm) {
    drawLatency();
  }
})();
