using System.Text.Json;
using Ambient.CniAgent.Commands;
using Ambient.Linux.Namespaces;

namespace Ambient.CniAgent.Redirection;

/// <summary>
/// Routes packets with mark 0x111 to the pod's own loopback: replies to a client whose address the node proxy took as its
/// source would leave the pod otherwise. One rule (preference 32764) and one route (table 100) for each address family.
/// </summary>
internal sealed class PolicyRouting(NamespaceCommands commands)
{
    private static readonly string[] Rule = ["fwmark", "0x111/0xfff", "pref", "32764", "lookup", "100"];

    /// <summary>Adds what is missing. The loopback is brought up: redirection and this route go through it.</summary>
    public async Task EnsureAsync(NetworkNamespace netns, CancellationToken stop)
    {
        await RunAsync(netns, ["link", "set", "lo", "up"], stop);
        foreach (var family in Families(netns))
        {
            if (!await HasRuleAsync(netns, family, stop))
                await RunAsync(netns, [family.Flag, "rule", "add", .. Rule], stop);
            if (family.HasLoopback && !await HasRouteAsync(netns, family, stop))
                await RunAsync(netns, [family.Flag, "route", "replace", "local", family.Everything, "dev", "lo", "table", "100"], stop);
        }
    }

    /// <summary>What is missing; empty if all is in place.</summary>
    public async Task<IReadOnlyList<string>> DifferencesAsync(NetworkNamespace netns, CancellationToken stop)
    {
        var missing = new List<string>();
        foreach (var family in Families(netns))
        {
            if (!await HasRuleAsync(netns, family, stop))
                missing.Add($"the {family.Name} routing rule for mark 0x111 is missing");
            if (family.HasLoopback && !await HasRouteAsync(netns, family, stop))
                missing.Add($"the {family.Name} route of table 100 is missing");
        }
        return missing;
    }

    /// <summary>Removes rules and route; what is not there is no error.</summary>
    public async Task RemoveAsync(NetworkNamespace netns, CancellationToken stop)
    {
        foreach (var family in Families(netns))
        {
            while (await HasRuleAsync(netns, family, stop))
                await RunAsync(netns, [family.Flag, "rule", "del", .. Rule], stop);
            if (await HasRouteAsync(netns, family, stop))
                await RunAsync(netns, [family.Flag, "route", "del", "local", family.Everything, "dev", "lo", "table", "100"], stop);
        }
    }

    private async Task<bool> HasRuleAsync(NetworkNamespace netns, Family family, CancellationToken stop)
    {
        var listed = (await commands.RunAsync(netns, "ip", ["-j", family.Flag, "rule", "show", "pref", "32764"], stop)).OrThrow();
        return Any(listed.Output, rule => Is(rule, "fwmark", "0x111") && Is(rule, "fwmask", "0xfff") && Is(rule, "table", "100")
            && Is(rule, "src", "all") && !rule.TryGetProperty("not", out _));
    }

    private async Task<bool> HasRouteAsync(NetworkNamespace netns, Family family, CancellationToken stop)
    {
        var listed = await commands.RunAsync(netns, "ip", ["-j", family.Flag, "route", "show", "table", "100"], stop);
        // Without any route the table itself does not exist, which ip calls an error.
        return listed.Succeeded && Any(listed.Output, route => Is(route, "type", "local") && Is(route, "dst", "default") && Is(route, "dev", "lo"));
    }

    private async Task RunAsync(NetworkNamespace netns, string[] arguments, CancellationToken stop) =>
        (await commands.RunAsync(netns, "ip", arguments, stop)).OrThrow();

    private static bool Any(string json, Predicate<JsonElement> matches)
    {
        if (string.IsNullOrWhiteSpace(json))
            return false;
        try
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement.EnumerateArray().Any(item => matches(item));
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new RedirectionException($"ip printed what is not its JSON: {error.Message} Is iproute2 installed in full?", error);
        }
    }

    private static bool Is(JsonElement item, string property, string value) =>
        item.TryGetProperty(property, out var found) && found.ValueKind == JsonValueKind.String && found.GetString() == value;

    // IPv6 may be missing from the kernel, or be switched off on the loopback, which then takes no route.
    private static Family[] Families(NetworkNamespace netns)
    {
        const string Switch = "/proc/sys/net/ipv6/conf/lo/disable_ipv6";
        var disabled = netns.Run(() => File.Exists(Switch) ? File.ReadAllText(Switch).Trim() : null);
        var v4 = new Family("IPv4", "-4", "0.0.0.0/0", HasLoopback: true);
        return disabled is null ? [v4] : [v4, new Family("IPv6", "-6", "::/0", HasLoopback: disabled == "0")];
    }

    private sealed record Family(string Name, string Flag, string Everything, bool HasLoopback);
}
