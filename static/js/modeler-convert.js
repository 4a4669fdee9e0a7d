/* Brings in a diagram or decision model of another dialect, or one that says of no shape where it is drawn; tells what could not come along. */
"use strict";

globalThis.bringIn = async ({ page, post, text, show }) => {
  const FOREIGN = {
    process: /camunda\.org\/schema\/1\.0\/bpmn|spiffworkflow\.org\/bpmn|executionPlatform=["']Camunda Platform/,
    decisions: /camunda:\w+=|expressionLanguage=|\$\{|spec\/DMN\/201[58]\d+\/(dmn|MODEL)/,
  }[page.dataset.kind];
  const NAMES = { camunda7: "Camunda 7", spiffarena: "SpiffArena" };
  const told = document.getElementById("brought");
  if (!FOREIGN || !told) return { text, changed: false };
  told.hidden = true;

  function load(address) {
    return new Promise((done, failed) => {
      const script = Object.assign(document.createElement("script"), { src: address, onload: done });
      script.addEventListener("error", () => failed(new Error("the layout's script cannot be had")));
      document.head.append(script);
    });
  }

  async function laidOut(document) {
    if (page.dataset.kind !== "process" || /<(\w+:)?BPMNShape\b/.test(document) || !/<(\w+:)?process\b/.test(document)) return document;
    if (!globalThis.layOut) await load(page.dataset.layout);
    return globalThis.layOut(document);
  }

  function line({ grade, elementId, elementName, what, message, remedy }) {
    const item = Object.assign(document.createElement("li"), { className: grade === "lost" ? "error" : "warning" });
    const button = Object.assign(document.createElement("button"), { type: "button" });
    const parts = [
      ["strong", grade === "lost" ? "Lost" : "Look"],
      ["code", elementName || elementId || ""],
      ["q", what],
      ["span", message],
    ].map(([kind, words]) => Object.assign(document.createElement(kind), { textContent: words }));
    const remedyShown = Object.assign(document.createElement("span"), { className: "remedy", textContent: remedy });
    for (const part of [...parts, remedyShown]) if (part.textContent) button.append(part, " ");
    button.addEventListener("click", () => show(elementId));
    item.append(button);
    return item;
  }

  function tell(dialect, notes) {
    const lost = notes.filter(({ grade }) => grade === "lost").length;
    const said = notes.length ? `${lost} could not be converted, ${notes.length - lost} to look at` : "all of it could be converted";
    told.querySelector("summary").textContent = `From ${NAMES[dialect]}: ${said}`;
    told.querySelector("ul").replaceChildren(...notes.map(line));
    told.hidden = false;
  }

  if (!FOREIGN.test(text)) {
    const laid = await laidOut(text);
    return { text: laid, changed: laid !== text };
  }
  const { dialect, document: made, notes } = await post("convert", { document: text });
  if (!NAMES[dialect]) {
    const laid = await laidOut(text);
    return { text: laid, changed: laid !== text };
  }
  tell(dialect, notes);
  return { text: await laidOut(made), changed: true };
};
