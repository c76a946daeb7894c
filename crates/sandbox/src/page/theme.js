// Dark or light: as the system has it, until somebody chooses. A cookie remembers it, so that the page comes right at once.

const root = document.documentElement;
const light = matchMedia("(prefers-color-scheme: light)");

export function start() {
  const button = document.getElementById("theme");
  const now = () => root.dataset.theme ?? (light.matches ? "light" : "dark");
  const tell = () => button.setAttribute("aria-pressed", String(now() === "light"));
  button.addEventListener("click", () => {
    root.dataset.theme = now() === "light" ? "dark" : "light";
    remember("theme", root.dataset.theme);
    tell();
  });
  light.addEventListener("change", tell);
  tell();
}

/** Keeps a taste of this browser for a year. */
export function remember(name, value) {
  document.cookie = `${name}=${value}; path=/; max-age=31536000; samesite=strict`;
}
