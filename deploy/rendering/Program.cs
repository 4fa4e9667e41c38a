using Ambient.Deploy;
using Ambient.Deploy.Charts;

const string usage = """
    Usage: render CHART [--release NAME] [--namespace NAME] [--set PATH=VALUE]...

    Prints the objects of a Helm chart that keeps to the subset described in deploy/charts/README.md.
    """;

var (release, ns) = ("ambient", "istio-system");
var settings = new List<KeyValuePair<string, string>>();
for (var i = 1; i + 1 < args.Length; i += 2)
    switch (args[i])
    {
        case "--release":
            release = args[i + 1];
            break;
        case "--namespace":
            ns = args[i + 1];
            break;
        case "--set" when args[i + 1].Split('=', 2) is [var path, var value]:
            settings.Add(new(path, value));
            break;
        default:
            return await FailAsync(usage);
    }
if (args.Length == 0 || args.Length % 2 == 0) return await FailAsync(usage);

try
{
    await Console.Out.WriteAsync(new Chart(args[0]).Render(release, ns, settings));
    return 0;
}
catch (RenderException error)
{
    return await FailAsync(error.Message);
}

static async Task<int> FailAsync(string message)
{
    await Console.Error.WriteLineAsync(message);
    return 1;
}
