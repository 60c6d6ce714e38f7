// Before anything is painted: the look that was chosen the last time. Not a module: modules wait for the page.
(() => {
  try {
    const kept = JSON.parse(localStorage.getItem("visavis") ?? "{}");
    for (const name of ["theme", "captions"]) {
      if (typeof kept[name] === "string") document.documentElement.dataset[name] = kept[name];
    }
  } catch { /* storage is forbidden or spoilt: the system's look will do */ }
})();
