// The counts of one path over the runs.
"use strict";
(() => {
  const { state, shared, chart, colour, element, digits } = dashboard;
  const select = document.getElementById("path");
  if (!select) {
    return;
  }
  select.append(...shared.counts.map((path) => element("option", { value: path.id }, `${path.id}  ${path.title}`)));
  const form = state.bind(document.getElementById("controls"));
  const path = () => shared.counts.find((known) => known.id === form.value("path")) ?? shared.counts[0];

  const describe = (index) => {
    const run = shared.runs[index];
    const count = path().points[index];
    return `${path().id}, ${run.started}, ${run.commit} ${run.subject}: ${count === null ? "not counted" : digits(count)}`;
  };

  chart("chart-path", {
    option: ({ axis }) => {
      const meant = shared.runs.findIndex((run) => run.key === state.get("run"));
      return {
        grid: { left: 8, right: 16, top: 30, bottom: 44, containLabel: true },
        xAxis: {
          ...axis,
          type: "category",
          data: shared.runs.map((run) => run.key),
          name: "runs, by commit",
          nameLocation: "middle",
          nameGap: 28,
          axisLabel: { ...axis.axisLabel, hideOverlap: true, formatter: (_, index) => shared.runs[index].commit },
        },
        yAxis: {
          ...axis,
          type: "value",
          name: "instructions (lower is better)",
          nameTextStyle: { ...axis.nameTextStyle, align: "left" },
          scale: form.value("scale") === "close",
          axisLabel: { ...axis.axisLabel, formatter: (value) => value.toLocaleString("en") },
        },
        tooltip: { trigger: "axis", formatter: ([first]) => element("span", {}, describe(first.dataIndex)) },
        series: [{
          name: path().id,
          type: "line",
          step: "end",
          symbolSize: 5,
          color: colour("--raddle"),
          data: path().points,
          markLine: meant < 0 ? undefined : {
            silent: true,
            symbol: "none",
            label: { show: false },
            lineStyle: { color: colour("--text"), type: "solid" },
            data: [{ xAxis: meant }],
          },
        }],
      };
    },
    points: () => path().points.flatMap((count, index) => count === null ? [] : [{ series: 0, index, text: describe(index) }]),
    open: (point) => state.set("run", shared.runs[point.index].key),
  });
})();
