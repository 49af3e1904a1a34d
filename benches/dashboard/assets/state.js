// What a page shows lives in its address, behind `#`: any view is a link. Forms are bound to it by their fields' names.
"use strict";
(() => {
  const dashboard = globalThis.dashboard;
  const listeners = [];

  const read = () => new URLSearchParams(location.hash.slice(1));

  const write = (parameters) => {
    const text = parameters.toString();
    // Neither an entry in the history for every click, nor a jump to the top.
    history.replaceState(null, "", text === "" ? "#" : `#${text}`);
    tell();
  };

  const tell = () => {
    for (const listener of listeners) {
      listener();
    }
  };

  // A field's value by the address, or else as the page was written.
  const initial = new Map();

  const fieldsOf = (form) => {
    const fields = new Map();
    for (const field of form.elements) {
      if (field.name !== "") {
        fields.set(field.name, [...(fields.get(field.name) ?? []), field]);
      }
    }
    return fields;
  };

  const isBox = (field) => field.type === "checkbox" || field.type === "radio";

  // The values of all fields of a name: of boxes, those that are ticked.
  const valuesOf = (fields) =>
    fields.filter((field) => !isBox(field) || field.checked).map((field) => field.value);

  const put = (fields, values) => {
    for (const field of fields) {
      if (isBox(field)) {
        field.checked = values.includes(field.value);
      } else {
        field.value = values[0] ?? "";
      }
    }
  };

  const same = (a, b) => a.length === b.length && a.every((value, i) => value === b[i]);

  dashboard.state = {
    get: (name) => read().get(name),

    set: (name, value) => {
      const parameters = read();
      if (value === null || value === "") {
        parameters.delete(name);
      } else {
        parameters.set(name, value);
      }
      write(parameters);
    },

    // Calls `listener` now and at every change.
    watch: (listener) => {
      listeners.push(listener);
      listener();
    },

    // Ties a form to the address, both ways. What is as the page was written is left out of it.
    bind: (form) => {
      const fields = fieldsOf(form);
      for (const [name, group] of fields) {
        initial.set(name, valuesOf(group));
      }
      const show = () => {
        const parameters = read();
        for (const [name, group] of fields) {
          const given = parameters.getAll(name);
          put(group, given.length > 0 ? given : initial.get(name));
        }
      };
      show();
      addEventListener("hashchange", show);
      form.addEventListener("input", (event) => {
        const { name } = event.target;
        const values = valuesOf(fields.get(name));
        const parameters = read();
        parameters.delete(name);
        if (!same(values, initial.get(name))) {
          // No box ticked is a choice as well.
          for (const value of values.length > 0 ? values : [""]) {
            parameters.append(name, value);
          }
        }
        write(parameters);
      });
      form.addEventListener("submit", (event) => event.preventDefault());
      return {
        value: (name) => valuesOf(fields.get(name) ?? [])[0] ?? "",
        values: (name) => valuesOf(fields.get(name) ?? []),
      };
    },
  };

  addEventListener("hashchange", tell);

  const data = document.getElementById("data");
  dashboard.data = data ? JSON.parse(data.textContent) : {};
})();
