// The text editor, CodeMirror: what `ui/editor.rs` calls. Words of the expression language come from there.
import { acceptCompletion, autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, completionStatus, startCompletion } from "@codemirror/autocomplete";
import { history, historyKeymap, standardKeymap } from "@codemirror/commands";
import { json } from "@codemirror/lang-json";
import { PostgreSQL, sql } from "@codemirror/lang-sql";
import { bracketMatching, syntaxHighlighting } from "@codemirror/language";
import { Compartment, EditorState, StateEffect, StateField } from "@codemirror/state";
import { Decoration, EditorView, ViewPlugin, keymap, lineNumbers, placeholder } from "@codemirror/view";
import { classHighlighter } from "@lezer/highlight";
import { StyleModule } from "style-mod";

// CodeMirror puts its rules into <style> elements, which the page's policy forbids: here they go into a sheet of their own, in a
// layer, so that whatever `styles/ui/editor.css` says counts more.
const sheet = new CSSStyleSheet();
let mounted = [];
document.adoptedStyleSheets.push(sheet);
StyleModule.mount = (_, modules) => {
  const added = [modules].flat().filter((module) => !mounted.includes(module));
  if (added.length > 0) {
    mounted = [...added, ...mounted];
    sheet.replaceSync(`@layer editor {${mounted.map((module) => module.getRules()).join("\n")}}`);
  }
};

const languages = {
  json: () => [json(), closeBrackets(), bracketMatching()],
  sql: () => sql({ dialect: PostgreSQL }),
  expression: () => [closeBrackets(), bracketMatching()],
};

// What is wrong, underlined.
const setMark = StateEffect.define();
const mark = StateField.define({
  create: () => Decoration.none,
  update(marks, transaction) {
    const effect = transaction.effects.find((effect) => effect.is(setMark));
    if (!effect) return marks.map(transaction.changes);
    const length = transaction.newDoc.length;
    let [from, to] = effect.value ?? [0, 0];
    to = Math.min(Math.max(to, from + 1), length);
    from = Math.min(from, Math.max(to - 1, 0));
    return effect.value && from < to ? Decoration.set(Decoration.mark({ class: "cm-mistake" }).range(from, to)) : Decoration.none;
  },
  provide: (field) => EditorView.decorations.from(field),
});

// Colours by `tokens(text)`: [from, to, kind, from, …].
function colours(tokens, kinds) {
  const build = (view) => {
    const list = tokens(view.state.doc.toString());
    const ranges = [];
    for (let i = 0; i < list.length; i += 3) ranges.push(kinds[list[i + 2]].range(list[i], list[i + 1]));
    return Decoration.set(ranges);
  };
  return ViewPlugin.fromClass(
    class {
      constructor(view) {
        this.decorations = build(view);
      }
      update(update) {
        if (update.docChanged) this.decorations = build(update.view);
      }
    },
    { decorations: (plugin) => plugin.decorations },
  );
}

// Completions by `complete(text, at, asked)`: null or {from, to, options: [{label, text, kind, detail}]}.
function completions(complete) {
  const choose = (text, to) => (view, _, from) => {
    // What comes next stands within the parentheses of what was chosen.
    const anchor = from + text.length - (text.endsWith(")") ? 1 : 0);
    view.dispatch({ changes: { from, to: Math.max(to, view.state.selection.main.head), insert: text }, selection: { anchor }, userEvent: "input.complete" });
    if (/[.(, ]$/.test(text.slice(0, anchor - from))) startCompletion(view);
  };
  return (context) => {
    const found = complete(context.state.doc.toString(), context.pos, context.explicit);
    return found && {
      from: found.from,
      options: found.options.map(({ label, text, kind, detail }) => ({ label, detail, type: kind, apply: choose(text, found.to) })),
    };
  };
}

// One line alone: line ends become spaces.
const oneLine = EditorState.transactionFilter.of((transaction) => {
  if (transaction.newDoc.lines === 1) return transaction;
  const text = transaction.newDoc.toString().replace(/\s*\n\s*/g, " ");
  return { changes: { from: 0, to: transaction.startState.doc.length, insert: text }, selection: { anchor: Math.min(text.length, transaction.newSelection.main.head) } };
});

// What is typed over a selection is put there by the browser with its colours in a style attribute, which the page's policy
// forbids: here it is put there without.
const typeOver = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const text = event.data;
    if (event.inputType !== "insertText" || !text || view.composing || view.state.readOnly) return false;
    // What the browser has selected may not have come to the editor yet.
    const { anchorNode, anchorOffset, focusNode, focusOffset, isCollapsed } = document.getSelection();
    if (isCollapsed || !view.contentDOM.contains(anchorNode) || !view.contentDOM.contains(focusNode)) return false;
    event.preventDefault();
    view.dispatch({ selection: { anchor: view.posAtDOM(anchorNode, anchorOffset), head: view.posAtDOM(focusNode, focusOffset) } });
    const { from, to } = view.state.selection.main;
    const insert = () => view.state.update(view.state.replaceSelection(text), { userEvent: "input.type", scrollIntoView: true });
    const taken = view.state.facet(EditorView.inputHandler).some((handle) => handle(view, from, to, text, insert));
    if (!taken) view.dispatch(insert());
    return true;
  },
});

/** Makes an editor in `options.parent`. */
export function createEditor(options) {
  const attributes = new Compartment();
  const described = (invalid) => EditorView.contentAttributes.of({
    id: options.id,
    "aria-label": options.label,
    "aria-describedby": options.about ?? "",
    "aria-invalid": String(invalid),
    "aria-readonly": String(Boolean(options.readOnly)),
    tabindex: "0",
    ...(options.singleLine ? { "aria-multiline": "false" } : {}),
  });
  const submit = () => {
    options.submit?.();
    return Boolean(options.submit);
  };
  const open = (view) => options.complete && !completionStatus(view.state) && view.state.doc.length === 0 && startCompletion(view);
  const kinds = ["keyword", "name", "function", "string", "number", "special", "operator"].map((kind) => Decoration.mark({ class: `tok-${kind}` }));
  const view = new EditorView({
    parent: options.parent,
    state: EditorState.create({
      doc: options.text,
      extensions: [
        keymap.of([
          ...(options.complete ? [...completionKeymap, { key: "Tab", run: acceptCompletion }, { key: "ArrowDown", run: open }] : []),
          { key: "Mod-Enter", run: submit },
          ...(options.singleLine ? [{ key: "Enter", run: () => submit() || true }] : []),
          ...closeBracketsKeymap,
          ...standardKeymap,
          ...historyKeymap,
        ]),
        history(),
        syntaxHighlighting(classHighlighter),
        languages[options.language](),
        attributes.of(described(false)),
        mark,
        typeOver,
        options.singleLine ? oneLine : EditorView.lineWrapping,
        options.lineNumbers ? lineNumbers() : [],
        options.placeholder ? placeholder(options.placeholder) : [],
        options.readOnly ? [EditorState.readOnly.of(true), EditorView.editable.of(false)] : [],
        options.tokens ? colours(options.tokens, kinds) : [],
        options.complete ? autocompletion({ override: [completions(options.complete)], defaultKeymap: false, icons: false, compareCompletions: () => 0, optionClass: (option) => `cm-option-${option.type}` }) : [],
        EditorView.updateListener.of((update) => {
          if (update.docChanged) options.change?.(update.state.doc.toString());
          if (update.focusChanged && !update.view.hasFocus) options.leave?.();
        }),
      ],
    }),
  });
  const toView = () => view.focus();
  const labels = document.querySelectorAll(`label[for="${options.id}"]`);
  labels.forEach((label) => label.addEventListener("click", toView));
  return {
    setText(text) {
      if (text !== view.state.doc.toString()) view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
    },
    setMark(from, to) {
      view.dispatch({ effects: setMark.of(from < 0 ? null : [from, to]) });
    },
    setInvalid(invalid) {
      view.dispatch({ effects: attributes.reconfigure(described(invalid)) });
    },
    isChoosing: () => completionStatus(view.state) !== null,
    focus: toView,
    replace(from, to, text) {
      view.dispatch({ changes: { from, to, insert: text }, selection: { anchor: from + text.length } });
      view.focus();
    },
    destroy() {
      labels.forEach((label) => label.removeEventListener("click", toView));
      view.destroy();
    },
  };
}
