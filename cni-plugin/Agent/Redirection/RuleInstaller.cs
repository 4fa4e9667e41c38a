using System.Collections.Concurrent;
using Ambient.CniAgent.Commands;
using Ambient.Linux;
using Ambient.Linux.Namespaces;

namespace Ambient.CniAgent.Redirection;

/// <summary>Puts a pod's redirection into its network namespace, proves that it is there, and takes it out again.</summary>
/// <remarks>Thread-safe for different namespaces. Everything may be repeated: the end is the same.</remarks>
internal sealed class RuleInstaller(NamespaceCommands commands)
{
    private readonly PolicyRouting _routing = new(commands);

    // What the kernel made of a script, told by the kernel when it took it: the measure for every later look. A handful:
    // one for each combination of settings in use.
    private readonly ConcurrentDictionary<string, RuleListing> _expected = new();

    /// <summary>
    /// Makes the redirection what <paramref name="settings"/> say. The pod is closed from here on until the node proxy
    /// listens in it. Rules that are already right are left alone, and connections with them.
    /// </summary>
    /// <returns>What was different before; empty if everything was in place.</returns>
    /// <exception cref="RedirectionException">Not installed, or not as it should be afterwards.</exception>
    public Task<IReadOnlyList<string>> EnsureAsync(NetworkNamespace netns, RedirectSettings settings, CancellationToken stop) =>
        ReportedAsync("installed", async () =>
        {
            var script = RedirectRules.Script(settings);
            var before = await DifferencesAsync(netns, script, stop);
            if (before.Count == 0)
                return before;
            await _routing.EnsureAsync(netns, stop);
            await ReplaceTableAsync(netns, script, stop);
            var after = await DifferencesAsync(netns, script, stop);
            return after.Count == 0
                ? before
                : throw new RedirectionException($"The rules do not stay in place: {string.Join("; ", after)}. Does something else in the pod change them?");
        });

    /// <summary>What is not as <paramref name="settings"/> say; empty if everything is in place.</summary>
    /// <exception cref="RedirectionException">It cannot be looked at.</exception>
    public Task<IReadOnlyList<string>> InspectAsync(NetworkNamespace netns, RedirectSettings settings, CancellationToken stop) =>
        ReportedAsync("inspected", () => DifferencesAsync(netns, RedirectRules.Script(settings), stop));

    /// <summary>Removes all of it and looks that nothing is left.</summary>
    /// <exception cref="RedirectionException">Something is left.</exception>
    public Task RemoveAsync(NetworkNamespace netns, CancellationToken stop) => ReportedAsync("removed", async () =>
    {
        (await commands.RunAsync(netns, "nft", [RedirectRules.RemovalScript()], stop)).OrThrow();
        await _routing.RemoveAsync(netns, stop);
        if (await ListAsync(netns, stop) is not null)
            throw new RedirectionException("The table is still there. Does something else in the pod put it back?");
        return true;
    });

    private async Task<IReadOnlyList<string>> DifferencesAsync(NetworkNamespace netns, string script, CancellationToken stop)
    {
        var found = await ListAsync(netns, stop);
        if (found is null)
            return [$"table inet {RedirectRules.Table} is missing"];
        if (!_expected.TryGetValue(script, out var expected))
            return ["these rules were not installed by this process"];
        return [.. expected.Differences(found), .. await _routing.DifferencesAsync(netns, stop)];
    }

    private async Task ReplaceTableAsync(NetworkNamespace netns, string script, CancellationToken stop)
    {
        // As an argument: with -j, nft would read standard input as JSON and find it empty when it tries text.
        var added = (await commands.RunAsync(netns, "nft", ["-j", "-e", script], stop)).OrThrow();
        _expected[script] = RuleListing.Parse(added.Output);
    }

    private async Task<RuleListing?> ListAsync(NetworkNamespace netns, CancellationToken stop)
    {
        var listed = await commands.RunAsync(netns, "nft", ["-j", "list", "table", "inet", RedirectRules.Table], stop);
        if (listed.Succeeded)
            return RuleListing.Parse(listed.Output);
        return listed.Error.Contains("No such file or directory") ? null : throw new CommandException(
            $"'{listed.Command}' failed with exit code {listed.ExitCode}: {listed.Error.Trim()}");
    }

    private static async Task<T> ReportedAsync<T>(string what, Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (Exception error) when (error is CommandException or LinuxException)
        {
            throw new RedirectionException($"The pod's rules could not be {what}: {error.Message}", error);
        }
    }
}
