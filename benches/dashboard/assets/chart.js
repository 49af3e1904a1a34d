// What all charts share: colours of the theme, sizes, keys, what is said to those who do not see, and printing.
"use strict";
(() => {
  const dashboard = globalThis.dashboard;
  const all = new Map();
  const draws = [];
  // A chart's width on paper, while it is printed.
  const PAPER = 690;
  let printing = false;

  const probe = document.createElement("span");
  probe.hidden = true;
  document.body.append(probe);

  // A custom property of the style sheet, as the theme has it now.
  const colour = (name) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };

  const DASHES = ["solid", [7, 4], [2, 3], [9, 3, 2, 3]];
  const SYMBOLS = ["circle", "rect", "triangle", "diamond"];
  const LIMIT_DASHES = [[4, 3], [2, 3], [9, 3, 2, 3], [7, 4]];

  const look = (line) => ({
    colour: colour(line.colour),
    dash: (line.colour === "--limit" ? LIMIT_DASHES : DASHES)[line.dash],
    symbol: SYMBOLS[line.dash],
  });

  // An element with text or children; nothing here is ever parsed as HTML.
  const element = (tag, attributes = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      made.setAttribute(name, value);
    }
    made.append(...children);
    return made;
  };

  const base = () => {
    const text = colour("--text");
    const soft = colour("--soft");
    const rule = colour("--rule");
    const axis = {
      nameTextStyle: { color: soft },
      axisLabel: { color: soft },
      axisLine: { lineStyle: { color: rule } },
      axisTick: { lineStyle: { color: rule } },
      splitLine: { lineStyle: { color: rule } },
      minorSplitLine: { show: false },
    };
    return {
      axis,
      text,
      option: {
        animation: false,
        aria: { enabled: false },
        textStyle: { color: text, fontFamily: getComputedStyle(document.body).fontFamily },
        tooltip: {
          confine: true,
          backgroundColor: colour("--paper"),
          borderColor: rule,
          textStyle: { color: text, fontSize: 13 },
          extraCssText: "box-shadow: 0 2px 12px rgb(0 0 0 / 0.15); max-width: 30rem; white-space: normal;",
          transitionDuration: 0,
        },
      },
    };
  };

  /*
   * Draws into the element `id`, now, at every change of the address, the theme and the size.
   *   option(base)     what is drawn, with the theme's colours, on so wide a chart
   *   points()         what the arrow keys walk along: [{ series, index, text }]
   *   open(point)      what Enter does there
   */
  const chart = (id, { option, points, open, height }) => {
    const place = document.getElementById(id);
    if (!place) {
      return null;
    }
    const canvas = place.querySelector(".canvas");
    const said = document.getElementById(`${id}-said`);
    const resize = () => {
      if (height) {
        place.style.setProperty("--height", height());
      }
    };
    resize();
    const instance = echarts.init(canvas, null, { renderer: "svg" });
    all.set(id, instance);
    let at = -1;

    const draw = () => {
      resize();
      instance.resize({ width: printing ? PAPER : "auto" });
      const shown = { ...base(), width: instance.getWidth() };
      const made = option(shown);
      instance.setOption({ ...shown.option, ...made, tooltip: { ...shown.option.tooltip, ...made.tooltip } }, { notMerge: true });
      instance.getZr().flush();
    };
    draws.push(draw);

    const hide = () => {
      at = -1;
      instance.dispatchAction({ type: "hideTip" });
    };

    const step = (by) => {
      const list = points();
      if (list.length === 0) {
        return;
      }
      // From nowhere the first step leads to the nearer end.
      const from = at >= 0 ? at : by > 0 ? -1 : list.length;
      at = Math.min(Math.max(from + by, 0), list.length - 1);
      const point = list[at];
      instance.dispatchAction({ type: "showTip", seriesIndex: point.series, dataIndex: point.index });
      said.textContent = point.text;
    };

    const KEYS = {
      ArrowRight: () => step(1),
      ArrowLeft: () => step(-1),
      ArrowDown: () => step(1),
      ArrowUp: () => step(-1),
      Home: () => step(-Infinity),
      End: () => step(Infinity),
      Enter: () => open && at >= 0 && open(points()[at]),
      Escape: hide,
    };
    place.addEventListener("keydown", (event) => {
      const act = KEYS[event.key];
      if (act && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        act();
      }
    });
    place.addEventListener("blur", hide);

    dashboard.state.watch(draw);
    document.addEventListener("themechange", draw);
    let drawnAt = canvas.clientWidth;
    new ResizeObserver(() => {
      if (canvas.clientWidth !== drawnAt && !printing) {
        drawnAt = canvas.clientWidth;
        draw();
      }
    }).observe(canvas);
    return { instance, draw };
  };

  // Paper has another width, and shows what is folded.
  addEventListener("beforeprint", () => {
    for (const folded of document.querySelectorAll("main details:not([open])")) {
      folded.open = true;
      folded.dataset.printed = "";
    }
    printing = true;
    for (const draw of draws) {
      draw();
    }
  });
  addEventListener("afterprint", () => {
    for (const folded of document.querySelectorAll("details[data-printed]")) {
      folded.open = false;
      delete folded.dataset.printed;
    }
    printing = false;
    for (const draw of draws) {
      draw();
    }
  });

  const powers = (base, steps) => (low, high) => {
    const found = [];
    for (let power = base ** Math.floor(Math.log(low) / Math.log(base)); power <= high; power *= base) {
      found.push(...steps.map((step) => step * power));
    }
    return found.filter((value) => value >= low && value <= high);
  };
  const even = (low, high) => {
    const size = 10 ** Math.floor(Math.log10((high - low) / 3));
    const step = [5, 2, 1].map((times) => times * size).find((wide) => (high - low) / wide >= 2) ?? size;
    const found = [];
    for (let value = Math.ceil(low / step) * step; value <= high; value += step) {
      found.push(Number(value.toPrecision(6)));
    }
    return found;
  };
  const DECIMAL = [powers(1000, [1]), powers(10, [1]), powers(10, [1, 2, 5]), powers(10, [1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9]), even];
  const BINARY = [powers(1024, [1]), powers(16, [1]), powers(4, [1]), powers(2, [1]), even];

  // A logarithmic axis from `min` to `max` with round figures, however short or long it is.
  const logAxis = (axis, min, max, { binary = false, label }) => {
    const sets = binary ? BINARY : DECIMAL;
    const customValues = (sets.find((ticks) => ticks(min, max).length >= 3) ?? even)(min, max);
    return {
      ...axis,
      type: "log",
      min,
      max,
      axisTick: { ...axis.axisTick, customValues },
      axisLabel: { ...axis.axisLabel, customValues, hideOverlap: true, formatter: label },
    };
  };

  const narrow = () => matchMedia("(max-width: 40rem)").matches;

  Object.assign(dashboard, { chart, logAxis, charts: all, colour, look, element, narrow });
})();
