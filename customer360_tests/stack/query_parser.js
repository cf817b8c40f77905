// Parses each M text of a JSON object with Microsoft's parser of the language; prints what it says of those it refuses.
const parser = require(process.argv[2]);
const texts = JSON.parse(require("fs").readFileSync(0, "utf8"));
(async () => {
  const refused = {};
  for (const [name, text] of Object.entries(texts)) {
    const result = await parser.TaskUtils.tryLexParse(parser.DefaultSettings, text);
    if (result.resultKind !== "Ok") refused[name] = String(result.error && result.error.message);
  }
  console.log(JSON.stringify(refused));
})();
