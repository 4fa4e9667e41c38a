using System.Collections.Concurrent;
using Ambient.Linux.Namespaces;
using Ambient.Linux.Netfilter;

namespace Ambient.CniAgent.Redirection;

/// <summary>Puts a pod's redirection into its network namespace, proves that it is there, and takes it out again.</summary>
/// <remarks>Thread-safe for different namespaces. Everything may be repeated: the end is the same.</remarks>
/// <param name="node">Asked each time: the node's addresses come and go.</param>
/// <param name="keepsConnections">Connections from before the rules go on; otherwise they are reset at their next packet.</param>
internal sealed class RuleInstaller(Func<NodeAddressSet> node, bool keepsConnections)
{
    private const string Missing = $"table inet {RedirectRules.Table} is missing";

    // What was installed where, by this process. What the kernel made of it, told by the kernel when it took it, is the
    // measure for every later look.
    private readonly ConcurrentDictionary<NamespaceKey, Installed> _installed = new();

    /// <summary>
    /// Makes the redirection what <paramref name="settings"/> say. The pod is closed from here on until the node proxy
    /// listens in it. Rules that are already right are left alone, and connections with them.
    /// </summary>
    /// <param name="isNewSandbox">Nothing has run in the namespace yet: there are no connections to keep and nothing to compare, so one transaction does it.</param>
    /// <returns>What somebody else had changed since this process installed it; empty if nothing, and the first time.</returns>
    /// <exception cref="RedirectionException">Not installed, or not as it should be afterwards.</exception>
    public Task<IReadOnlyList<string>> EnsureAsync(NetworkNamespace netns, RedirectSettings settings, bool isNewSandbox = false)
    {
        var wanted = new Wanted(settings, node());
        return InsideAsync(netns, "installed", () => isNewSandbox && TryInstall(netns.Key, wanted) ? [] : Ensure(netns.Key, wanted));
    }

    /// <summary>What is not as <paramref name="settings"/> say; empty if everything is in place.</summary>
    /// <exception cref="RedirectionException">It cannot be looked at.</exception>
    public Task<IReadOnlyList<string>> InspectAsync(NetworkNamespace netns, RedirectSettings settings) =>
        InsideAsync(netns, "inspected", () => Differences(netns.Key, new Wanted(settings, node())));

    /// <summary>Captures and refuses nothing from now on. What the node proxy carries goes on.</summary>
    /// <exception cref="RedirectionException">Not opened.</exception>
    public Task OpenAsync(NetworkNamespace netns) => InsideAsync(netns, "opened", () =>
    {
        Run(RedirectRules.OpenScript());
        _installed.TryRemove(netns.Key, out _);
        return true;
    });

    /// <summary>Removes all of it and looks that nothing is left.</summary>
    /// <exception cref="RedirectionException">Something is left.</exception>
    public Task RemoveAsync(NetworkNamespace netns) => InsideAsync(netns, "removed", () =>
    {
        Run(RedirectRules.RemovalScript());
        using (var routing = new PolicyRouting())
            routing.Remove();
        _installed.TryRemove(netns.Key, out _);
        return List() is null ? true : throw new RedirectionException("The table is still there. Does something else in the pod put it back?");
    });

    /// <summary>The namespace is gone, or about to go.</summary>
    public void Forget(NamespaceKey netns) => _installed.TryRemove(netns, out _);

    // The kernel takes all of a transaction or nothing: there is nothing to be read back. It takes nothing if a table is there.
    private bool TryInstall(NamespaceKey netns, Wanted wanted)
    {
        using (var routing = new PolicyRouting())
            routing.Ensure();
        return TryRun(netns, wanted, RedirectRules.FirstScript(wanted.Settings, wanted.Node)).Succeeded;
    }

    private IReadOnlyList<string> Ensure(NamespaceKey netns, Wanted wanted)
    {
        var before = _installed.GetValueOrDefault(netns);
        var changed = before is null ? [] : Differences(netns, before.Rules);
        if (before?.Rules == wanted && changed.Count == 0)
            return [];
        using (var routing = new PolicyRouting())
            routing.Ensure();
        Replace(netns, wanted, OlderThan(List(), before, wanted));
        var after = Differences(netns, wanted);
        return after.Count == 0
            ? changed
            : throw new RedirectionException($"The rules do not stay in place: {string.Join("; ", after)}. Does something else in the pod change them?");
    }

    // Rules from before know which connections are older than they are, unless they were opened meanwhile. Rules that this process had put there and that are
    // gone now were removed by somebody: what began meanwhile is not older, it is a bypass. Otherwise the rules are the
    // first: from the moment that beginnings are captured, whatever is under way and was not captured is older.
    private OlderConnections OlderThan(RuleListing? found, Installed? before, Wanted wanted)
    {
        if (!keepsConnections)
            return OlderConnections.None;
        if (found is { Guards: true })
            return OlderConnections.Of(found.Older);
        if (before is not null)
            return OlderConnections.None;
        Run(wanted.Script(OlderConnections.All));
        return OlderConnections.OfThisThread();
    }

    private void Replace(NamespaceKey netns, Wanted wanted, OlderConnections older)
    {
        var told = TryRun(netns, wanted, wanted.Script(older));
        if (!told.Succeeded)
            throw new RedirectionException($"nftables refused the rules: {told.Error}");
    }

    /// <param name="script">Puts <paramref name="wanted"/> there; scripts differ by what they take out before, and by what they let go on.</param>
    private NftResult TryRun(NamespaceKey netns, Wanted wanted, string script)
    {
        // Pods with the same rules share what is expected of them; only the first has to be told.
        var known = _installed.Values.FirstOrDefault(other => other.Rules == wanted)?.Listing;
        var told = Nftables.Run(script, echo: known is null);
        if (told.Succeeded)
            _installed[netns] = new Installed(wanted, known ?? RuleListing.Parse(told.Output));
        return told;
    }

    private IReadOnlyList<string> Differences(NamespaceKey netns, Wanted wanted)
    {
        if (_installed.GetValueOrDefault(netns) is not { } installed || installed.Rules != wanted)
            return [List() is null ? Missing : "these rules were not installed by this process"];
        using var routing = new PolicyRouting();
        return [.. Differences(netns, installed), .. routing.Differences()];
    }

    // Before the listing: what comes meanwhile has it listed again. A ruleset that nobody touched since is not.
    private IReadOnlyList<string> Differences(NamespaceKey netns, Installed installed)
    {
        var version = RulesetVersion.OfThisThread();
        if (version is not null && version == installed.InPlace)
            return [];
        if (List() is not { } found)
            return [Missing];
        var differences = installed.Listing.Differences(found);
        if (differences.Count == 0)
            _installed.TryUpdate(netns, installed with { InPlace = version }, installed); // not if it was removed or replaced meanwhile
        return differences;
    }

    private static RuleListing? List()
    {
        var listed = Nftables.Run($"list table inet {RedirectRules.Table}");
        if (listed.Succeeded)
            return RuleListing.Parse(listed.Output);
        return listed.Error.Contains("No such file or directory") ? null : throw new RedirectionException($"nftables cannot list them: {listed.Error}");
    }

    private static void Run(string script)
    {
        var result = Nftables.Run(script);
        if (!result.Succeeded)
            throw new RedirectionException($"nftables refused the rules: {result.Error}");
    }

    private static async Task<T> InsideAsync<T>(NetworkNamespace netns, string what, Func<T> work)
    {
        try
        {
            return await Task.Run(() => netns.Run(work));
        }
        catch (IOException error) when (error is not RedirectionException)
        {
            throw new RedirectionException($"The pod's rules could not be {what}: {error.Message}", error);
        }
    }

    /// <summary>All that a pod's rules are made of, but for the connections that they let go on.</summary>
    private sealed record Wanted(RedirectSettings Settings, NodeAddressSet Node)
    {
        public string Script(OlderConnections older) => RedirectRules.Script(Settings, Node, older);
    }

    /// <param name="InPlace">The version of the ruleset that was found to be as it should; null if none was yet.</param>
    private sealed record Installed(Wanted Rules, RuleListing Listing, RulesetVersion? InPlace = null);
}
