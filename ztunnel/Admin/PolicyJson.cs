using System.Text.Json;
using Ambient.Model;
using Ambient.Model.Addresses;
using Ambient.Model.Policies;

namespace Ambient.Ztunnel.Admin;

/// <summary>A policy of the dump: rules (OR) of clauses (AND) of matches (OR).</summary>
internal static class PolicyJson
{
    public static void Write(Utf8JsonWriter json, AuthorizationPolicy policy)
    {
        json.WriteStartObject();
        json.WriteString("name"u8, policy.Name);
        json.WriteString("namespace"u8, policy.Namespace);
        json.WriteString("scope"u8, policy.Scope.ToString());
        json.WriteString("action"u8, policy.Action.ToString());
        json.WriteStartArray("rules"u8);
        foreach (var rule in policy.Rules) WriteRule(json, rule);
        json.WriteEndArray();
        if (policy.RequiredWaypoint is { } waypoint) json.WriteString("requiredWaypoint"u8, waypoint);
        if (policy.DryRun) json.WriteBoolean("dryRun"u8, true);
        if (policy.Fault is { } fault) json.WriteString("fault"u8, fault);
        json.WriteEndObject();
    }

    private static void WriteRule(Utf8JsonWriter json, PolicyRule rule)
    {
        json.WriteStartArray();
        foreach (var clause in rule.Clauses)
        {
            json.WriteStartArray();
            foreach (var match in clause.Matches) WriteMatch(json, match);
            json.WriteEndArray();
        }

        json.WriteEndArray();
    }

    private static void WriteMatch(Utf8JsonWriter json, PolicyMatch match)
    {
        json.WriteStartObject();
        WriteTexts(json, "namespaces"u8, match.Namespaces);
        WriteTexts(json, "notNamespaces"u8, match.NotNamespaces);
        WriteAccounts(json, "serviceAccounts"u8, match.ServiceAccounts);
        WriteAccounts(json, "notServiceAccounts"u8, match.NotServiceAccounts);
        WriteTexts(json, "principals"u8, match.Principals);
        WriteTexts(json, "notPrincipals"u8, match.NotPrincipals);
        WriteRanges(json, "sourceIps"u8, match.SourceIps);
        WriteRanges(json, "notSourceIps"u8, match.NotSourceIps);
        WriteRanges(json, "destinationIps"u8, match.DestinationIps);
        WriteRanges(json, "notDestinationIps"u8, match.NotDestinationIps);
        WritePorts(json, "destinationPorts"u8, match.DestinationPorts);
        WritePorts(json, "notDestinationPorts"u8, match.NotDestinationPorts);
        json.WriteEndObject();
    }

    private static void WriteTexts(Utf8JsonWriter json, ReadOnlySpan<byte> name, EquatableArray<StringMatcher> matchers)
    {
        if (matchers.IsEmpty) return;
        json.WriteStartArray(name);
        foreach (var matcher in matchers)
        {
            json.WriteStartObject();
            if (matcher.Kind != StringMatchKind.Presence) json.WriteString(matcher.Kind.ToString(), matcher.Text);
            else
            {
                json.WriteStartArray("Presence"u8);
                json.WriteEndArray();
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteAccounts(Utf8JsonWriter json, ReadOnlySpan<byte> name, EquatableArray<ServiceAccountName> accounts)
    {
        if (accounts.IsEmpty) return;
        json.WriteStartArray(name);
        foreach (var account in accounts)
        {
            json.WriteStartObject();
            json.WriteString("namespace"u8, account.Namespace);
            json.WriteString("serviceAccount"u8, account.Name);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteRanges(Utf8JsonWriter json, ReadOnlySpan<byte> name, EquatableArray<IpPrefix> ranges)
    {
        if (ranges.IsEmpty) return;
        json.WriteStartArray(name);
        foreach (var range in ranges) json.WriteStringValue(range.ToString());
        json.WriteEndArray();
    }

    private static void WritePorts(Utf8JsonWriter json, ReadOnlySpan<byte> name, EquatableArray<ushort> ports)
    {
        if (ports.IsEmpty) return;
        json.WriteStartArray(name);
        foreach (var port in ports) json.WriteNumberValue(port);
        json.WriteEndArray();
    }
}
