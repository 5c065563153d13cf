// The text editor, CodeMirror.
export { EditorView } from "@codemirror/view";
