// Holds a document against the AsyncAPI specification, its examples against their schemas included:
//     NODE_PATH=… node asyncapi.cjs FILE
const { readFileSync } = require("node:fs");
const { DiagnosticSeverity, Parser } = require("@asyncapi/parser");

new Parser().parse(readFileSync(process.argv[2], "utf8")).then(({ diagnostics }) => {
    const faults = diagnostics.filter(({ severity }) => severity <= DiagnosticSeverity.Warning);
    for (const { code, message, path } of faults) {
        console.error(`${path.join(".")}: ${message} (${code})`);
    }
    process.exitCode = faults.length > 0 ? 1 : 0;
});
