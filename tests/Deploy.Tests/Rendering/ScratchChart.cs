using Ambient.Deploy.Charts;

namespace Ambient.Deploy.Tests.Rendering;

/// <summary>A chart of one object, written for one test.</summary>
internal sealed class ScratchChart : IDisposable
{
    private readonly string _directory = System.IO.Directory.CreateTempSubdirectory("chart-").FullName;

    public ScratchChart(string values, params (string File, string Text)[] templates)
    {
        File.WriteAllText(Path.Combine(_directory, "Chart.yaml"), "name: test\nversion: 1.2.3\nappVersion: \"4.5\"\n");
        File.WriteAllText(Path.Combine(_directory, "values.yaml"), values);
        System.IO.Directory.CreateDirectory(Path.Combine(_directory, "templates"));
        foreach (var (file, text) in templates) File.WriteAllText(Path.Combine(_directory, "templates", file), text);
    }

    public string Directory => _directory;

    public string Render(params (string Path, string Value)[] settings) =>
        new Chart(_directory).Render("release", "there", settings.Select(setting => KeyValuePair.Create(setting.Path, setting.Value)));

    /// <summary>What one template makes, without what surrounds an object.</summary>
    public static string Render(string values, string template, params (string Path, string Value)[] settings)
    {
        using var chart = new ScratchChart(values, ("one.yaml", $"kind: Test\n{template}"));
        const string head = "---\n# Source: test/templates/one.yaml\nkind: Test\n";
        var text = chart.Render(settings);
        Assert.StartsWith(head, text, StringComparison.Ordinal);
        return text[head.Length..^1];
    }

    public void Dispose() => System.IO.Directory.Delete(_directory, recursive: true);
}
