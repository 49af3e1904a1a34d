// Figures as people read them; the same as `src/figure.rs`, which writes the tables.
"use strict";
(() => {
  const TIMES = [["ns", 1], ["µs", 1e3], ["ms", 1e6], ["s", 1e9]];
  const BYTES = [["B", 1], ["KiB", 1024], ["MiB", 1048576], ["GiB", 1073741824]];

  const digits = (value) => {
    const size = Math.abs(value);
    if (Number.isInteger(value) && size >= 10 && size < 1000) {
      return String(value);
    }
    if (size < 9.995) {
      const text = value.toFixed(2);
      if (text === "0.00" || text === "-0.00") {
        return value === 0 ? "0" : value.toFixed(-Math.floor(Math.log10(size)));
      }
      return text;
    }
    return size < 99.95
      ? value.toFixed(1)
      : value.toFixed(0).replace(/\B(?=(\d{3})+$)/g, ",");
  };

  const figure = (value, unit) => {
    const name = unit === "us" ? "µs" : unit;
    for (const ladder of [TIMES, BYTES]) {
      const step = ladder.find(([known]) => known === name);
      if (step) {
        const base = value * step[1];
        const [shown, size] = ladder.findLast(([, least]) => Math.abs(base) >= least) ?? ladder[0];
        return `${digits(base / size)} ${shown}`;
      }
    }
    return `${digits(value)} ${name}`.trimEnd();
  };

  const times = (ratio) => `${digits(ratio)}×`;

  // Figures on an axis: `10 µs`, not `10.0 µs`.
  const tick = (text) => text.replace(/(\.\d*?)0+(?=\D|$)/, "$1").replace(/\.(?=\D|$)/, "");

  // `6.2× ahead`, of a ratio that says how far behind.
  const standing = (behind) => {
    if (behind >= 0.995 && behind < 1.005) {
      return "level";
    }
    return behind < 1 ? `${times(1 / behind)} ahead` : `${times(behind)} behind`;
  };

  Object.assign(globalThis.dashboard, { digits, figure, times, tick, standing });
})();
