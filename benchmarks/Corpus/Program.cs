using Ambient.Corpus;
using Ambient.Load.Results;
using Ambient.HttpCases;

// [RESULTS-FILE DETAILS-FILE]: runs the corpus of odd messages against our engine and Debian's proxies, from the repository's root.
await using var stage = await CorpusStage.SetAsync("benchmarks/Corpus/peers");
var cases = ((string[])[MessageCorpus.Http1Requests, MessageCorpus.Http2Requests, MessageCorpus.Http1Responses]).SelectMany(MessageCorpus.Read).ToList();
var columns = await Task.WhenAll(stage.Contenders.Select(async proxy =>
{
    var outcomes = new List<Outcome>();
    foreach (var one in cases) outcomes.Add(await CaseRun.OfAsync(one, proxy));
    return outcomes;
}));

var report = new CorpusReport(stage.Contenders, stage.Absent);
for (var row = 0; row < cases.Count; row++) report.Add(cases[row], [.. columns.Select(column => column[row])]);
if (args is [var results, var details])
{
    await ResultsFile.ReplaceChapterAsync(results, CorpusReport.Heading, report.Chapter());
    await File.WriteAllTextAsync(details, report.Document());
}

Console.WriteLine(report.Summary());
return columns[0].Any(static outcome => outcome.Kind >= OutcomeKind.Doubtful) ? 1 : 0;
