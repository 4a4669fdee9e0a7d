/* Before what is drawn is deployed: what it would mean to whatever is open. */
"use strict";

globalThis.foretell = async ({ post, text, told, base }) => {
  const say = (...lines) => told.replaceChildren(...lines.map((line) => Object.assign(document.createElement("p"), { textContent: line })));
  const some = (number, one, many) => `${number.toLocaleString("en")} ${number === 1 ? one : many}`;

  function of(version) {
    const { unaffected, canMove, blocked } = version.counts;
    const tested = version.tested < version.open ? ` (${some(version.tested, "was", "were")} tested)` : "";
    return `${some(version.open, "instance is", "instances are")} open on v${version.version}${tested}: ${unaffected} unaffected, ${canMove} can move, ${blocked} blocked.`;
  }

  // One request tests some thousands; a job tests all, on a page of its own.
  function offer(versions) {
    const open = versions.reduce((sum, version) => sum + version.open, 0);
    if (versions.every(({ tested, open }) => tested >= open)) return;
    const button = Object.assign(document.createElement("button"), { type: "button", className: "secondary", textContent: `Test all ${open.toLocaleString("en")} by a job` });
    const place = document.createElement("p");
    button.addEventListener("click", async () => {
      button.disabled = true;
      try {
        const { href } = await post("survey", { kind: "process", document: text });
        place.replaceChildren("What it finds stands on ", Object.assign(document.createElement("a"), { href, target: "_blank", textContent: "its own page" }), ".");
      } catch (error) {
        button.disabled = false;
        place.append(` ${error.message}`);
      }
    });
    place.append(button);
    told.append(place);
  }

  say("Testing what is open…");
  try {
    const { processId, newest, versions, changes } = await post("test", { kind: "process", document: text });
    if (processId === null) return say();
    if (newest === null) return say("It is a new process: nothing is open.");
    const differs = `${some(changes.length, "difference", "differences")} to v${newest}.`;
    const passedBy = base && Number(base) < newest ? [`v${newest} was deployed after v${base}, from which this was begun: see what differs, or what came with it is gone.`] : [];
    say(...passedBy, differs, ...(versions.length ? versions.map(of) : ["No instance is open."]));
    offer(versions);
    const why = versions.flatMap(({ instances }) => instances.filter(({ finding }) => finding === "blocked"));
    const reasons = [...new Set(why.flatMap(({ obstacles }) => obstacles.map(({ message }) => message)))].slice(0, 5);
    if (!reasons.length) return;
    const list = document.createElement("ul");
    list.append(...reasons.map((reason) => Object.assign(document.createElement("li"), { textContent: reason })));
    told.append(list);
  } catch (error) {
    say(`What is open could not be tested: ${error.message}`);
  }
};
