// What RapiDoc has no setting for: the colours that the reader's system asks for, and the room beside the text in a
// narrow window, which the line with the licence does not keep to.

const COLOURS = {
  light: { 'bg-color': '#fbfaf8', 'text-color': '#24211d', 'primary-color': '#1f6f5c', 'nav-bg-color': '#1d2b27' },
  dark: { 'bg-color': '#171a19', 'text-color': '#dfe4e1', 'primary-color': '#5fc0a6', 'nav-bg-color': '#101413' },
};

const page = document.querySelector('rapi-doc');
const asksForDark = matchMedia('(prefers-color-scheme: dark)');

function follow() {
  const theme = asksForDark.matches ? 'dark' : 'light';
  page.setAttribute('theme', theme);
  for (const [name, colour] of Object.entries(COLOURS[theme])) page.setAttribute(name, colour);
}

follow();
asksForDark.addEventListener('change', follow);

customElements.whenDefined('rapi-doc').then(() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`
    #api-info { margin-left: 0; overflow-wrap: anywhere; }
    @media (max-width: 767px) { .section-gap--read-mode, .section-tag { padding-left: 14px; padding-right: 14px; } }
  `);
  page.shadowRoot.adoptedStyleSheets.push(sheet);
});
