using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Ambient.Lab.Processes;
using Ambient.Playground.Api.Documents;

namespace Ambient.Playground.Kubelet.Networking;

/// <summary>Runs a network's plugins on a node as container runtimes do: each on its own, told by environment and standard input.</summary>
/// <param name="node">The network namespace of the node, by name.</param>
/// <param name="binaries">Where the plugins are; one directory.</param>
internal sealed class CniChain(string node, string binaries)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    private readonly ConcurrentQueue<PluginCall> _calls = [];

    /// <summary>Every call that has ended, in the order in which they ended.</summary>
    public IReadOnlyCollection<PluginCall> Calls => _calls;

    /// <summary>Attaches a container: every plugin in turn, each with the result of the one before.</summary>
    /// <exception cref="CniException">A plugin refused; the caller is to undo what those before it did, by <see cref="DeleteAsync"/>.</exception>
    public async Task<JsonObject> AddAsync(CniNetwork network, CniAttachment attachment)
    {
        JsonObject? result = null;
        foreach (var plugin in network.Plugins) result = Read(plugin, await RunAsync("ADD", network, plugin, result, attachment));
        return result!;
    }

    /// <summary>Detaches a container: the plugins in the opposite order; one that fails keeps nobody else from it.</summary>
    /// <param name="result">Of the ADD; null if it did not get there.</param>
    /// <exception cref="CniException">What the plugins that failed said; to be done again.</exception>
    public async Task DeleteAsync(CniNetwork network, CniAttachment attachment, JsonObject? result)
    {
        var failures = new List<string>();
        foreach (var plugin in network.Plugins.Reverse())
        {
            try { await RunAsync("DEL", network, plugin, result, attachment); }
            catch (CniException failure) { failures.Add(failure.Message); }
        }
        if (failures.Count > 0) throw new CniException(string.Join("; ", failures));
    }

    private async Task<string> RunAsync(string command, CniNetwork network, JsonObject plugin, JsonObject? previous, CniAttachment attachment)
    {
        var type = plugin.Text("type")!;
        var program = Path.Combine(binaries, type);
        if (!File.Exists(program)) throw new CniException(Failure(type, command, $"failed to find plugin \"{type}\" in path [{binaries}]"));
        var start = new ProcessStartInfo("ip", ["netns", "exec", node, program]);
        foreach (var (name, value) in attachment.Environment(command, binaries)) start.Environment[name] = value;
        var began = Stopwatch.GetTimestamp();
        var ended = await Command.RunAsync(start, network.ConfigurationOf(plugin, previous), Limit);
        _calls.Enqueue(new(type, command, Stopwatch.GetElapsedTime(began)));
        return ended.Succeeded ? ended.Output : throw new CniException(Failure(type, command, Reason(ended)));
    }

    private static JsonObject Read(JsonObject plugin, string output)
    {
        try { return Json.ParseObject(System.Text.Encoding.UTF8.GetBytes(output)); }
        catch (JsonException error) { throw new CniException(Failure(plugin.Text("type")!, "ADD", $"its result is not JSON: {error.Message}"), error); }
    }

    // As runtimes write it into the events of pods.
    private static string Failure(string type, string command, string why) => $"plugin type=\"{type}\" failed ({(command == "ADD" ? "add" : "delete")}): {why}";

    private static string Reason(CommandResult ended)
    {
        try
        {
            var error = Json.ParseObject(System.Text.Encoding.UTF8.GetBytes(ended.Output));
            return string.Join("; ", new[] { error.Text("msg"), error.Text("details") }.Where(text => !string.IsNullOrEmpty(text)));
        }
        catch (JsonException)
        {
            return $"exit code {ended.ExitCode}: {ended.Errors.Trim()} {ended.Output.Trim()}".Trim();
        }
    }
}
