// Runs before the first paint: the chosen theme, and the mark that scripts work. Without it the system's theme holds.
(function () {
  const root = document.documentElement;
  root.classList.add("js");
  try {
    const chosen = localStorage.getItem("theme");
    if (chosen === "light" || chosen === "dark") root.dataset.bsTheme = chosen;
  } catch {
    // A browser that keeps nothing shows the system's theme.
  }
})();
