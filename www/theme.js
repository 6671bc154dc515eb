// Sets the remembered theme before the first paint. A file of its own, because the policy allows no inline script.
const named = /[#&]theme=(light|dark)/.exec(location.hash);
let theme = named && named[1];
try {
  theme ??= localStorage.getItem("vitrine.theme");
} catch {
  // A browser that forbids storage forgets the theme.
}
if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
