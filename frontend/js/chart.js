// Charts, drawn by uPlot.
export { default as uPlot } from "uplot";
