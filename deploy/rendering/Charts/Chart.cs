using Ambient.Deploy.Templates;
using Ambient.Deploy.Values;

namespace Ambient.Deploy.Charts;

/// <summary>A Helm chart on disk: Chart.yaml, values.yaml and templates.</summary>
public sealed class Chart
{
    private readonly string _directory;
    private readonly ValueMap _description;
    private readonly ValueMap _values;

    /// <exception cref="RenderException">Chart.yaml or values.yaml cannot be read.</exception>
    public Chart(string directory)
    {
        _directory = directory;
        _description = ReadYaml("Chart.yaml");
        _values = ReadYaml("values.yaml");
    }

    public string Name => _description["name"] as string ?? "";

    /// <summary>All objects as one text, in the order in which Helm installs them.</summary>
    /// <param name="settings">As of <c>--set</c>: path and value, which is YAML.</param>
    /// <exception cref="RenderException">With the template's place and the reason.</exception>
    public string Render(string release, string @namespace, params IEnumerable<KeyValuePair<string, string>> settings)
    {
        foreach (var (path, value) in settings) _values.Set(path, YamlReader.Read($"--set {path}", value));
        var root = Root(release, @namespace);
        var definitions = new Dictionary<string, IReadOnlyList<Node>>();
        var templates = TemplateFiles().Select(file => (file, body: TemplateParser.Parse(file, File.ReadAllText(Path.Combine(_directory, file)), definitions))).ToList();
        var documents = templates.SelectMany(template => ManifestDocument.Split(
            $"{Name}/{template.file}", Rendering.Run(template.file, template.body, definitions, root)));
        return string.Concat(documents.OrderBy(document => document.Order).Select(document => document.ToString()));
    }

    private ValueMap Root(string release, string @namespace) => new()
    {
        ["Values"] = _values,
        ["Release"] = new ValueMap { ["Name"] = release, ["Namespace"] = @namespace, ["Service"] = "Helm" },
        ["Chart"] = new ValueMap { ["Name"] = Name, ["Version"] = _description["version"], ["AppVersion"] = _description["appVersion"] },
    };

    private IEnumerable<string> TemplateFiles() => Directory
        .EnumerateFiles(Path.Combine(_directory, "templates"), "*", SearchOption.AllDirectories)
        .Select(path => Path.GetRelativePath(_directory, path)).Order(StringComparer.Ordinal);

    private ValueMap ReadYaml(string file)
    {
        try { return YamlReader.ReadMap(file, File.ReadAllText(Path.Combine(_directory, file))); }
        catch (IOException error) { throw new RenderException($"{_directory} is not a chart: {error.Message}", error); }
    }
}
