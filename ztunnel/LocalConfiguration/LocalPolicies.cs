using Ambient.Model;
using Ambient.Model.Policies;

namespace Ambient.Ztunnel.LocalConfiguration;

/// <summary>Reads the <c>policies</c> of the file.</summary>
internal static class LocalPolicies
{
    public static AuthorizationPolicy Read(ObjectReader reader)
    {
        var policy = new AuthorizationPolicy
        {
            Name = reader.Text("name", required: true),
            Namespace = reader.Text("namespace", required: true),
            Scope = reader.Choice("scope", true, ("Global", PolicyScope.Global), ("Namespace", PolicyScope.Namespace),
                ("WorkloadSelector", PolicyScope.WorkloadSelector)),
            Action = reader.Choice("action", true, ("Allow", PolicyAction.Allow), ("Deny", PolicyAction.Deny)),
            Rules = reader.Items("rules", required: true).Select(rule => Rule(reader, rule)).ToEquatableArray(),
            DryRun = reader.Flag("dryRun", required: true),
        };
        reader.RefuseUnknownKeys();
        return policy;
    }

    private static PolicyRule Rule(ObjectReader reader, Located rule) =>
        new(Inner(reader, rule).Select(clause => Clause(reader, clause)).ToEquatableArray());

    private static PolicyClause Clause(ObjectReader reader, Located clause) =>
        new(Inner(reader, clause).Select(match => Match(reader.Open(match))).ToEquatableArray());

    private static IEnumerable<Located> Inner(ObjectReader reader, Located list)
    {
        if (list.Value is YamlList inner) return inner.Items.Select((item, index) => new Located(item, $"{list.Path}[{index}]"));
        reader.Mistake("rules", $"{list.Path} must be a list: rules hold clauses, and clauses hold matches.");
        return [];
    }

    private static PolicyMatch Match(ObjectReader reader)
    {
        var match = new PolicyMatch
        {
            Namespaces = Texts(reader, "namespaces"),
            NotNamespaces = Texts(reader, "notNamespaces"),
            Principals = Texts(reader, "principals"),
            NotPrincipals = Texts(reader, "notPrincipals"),
            ServiceAccounts = Accounts(reader, "serviceAccounts"),
            NotServiceAccounts = Accounts(reader, "notServiceAccounts"),
            SourceIps = reader.Items("sourceIps").Select(reader.RangeOf).ToEquatableArray(),
            NotSourceIps = reader.Items("notSourceIps").Select(reader.RangeOf).ToEquatableArray(),
            DestinationIps = reader.Items("destinationIps").Select(reader.RangeOf).ToEquatableArray(),
            NotDestinationIps = reader.Items("notDestinationIps").Select(reader.RangeOf).ToEquatableArray(),
            DestinationPorts = reader.Items("destinationPorts").Select(item => reader.PortOf(item)).ToEquatableArray(),
            NotDestinationPorts = reader.Items("notDestinationPorts").Select(item => reader.PortOf(item)).ToEquatableArray(),
        };
        reader.RefuseUnknownKeys();
        return match;
    }

    private static EquatableArray<StringMatcher> Texts(ObjectReader reader, string key) =>
        reader.Items(key).Select(item => Text(reader, key, item)).ToEquatableArray();

    private static StringMatcher Text(ObjectReader reader, string key, Located item)
    {
        var text = item.Value as YamlText;
        switch (text?.Tag)
        {
            case "Exact" when text.Text.Length > 0:
                return StringMatcher.Exact(text.Text);
            case "Prefix" when text.Text.Length > 0:
                return StringMatcher.Prefix(text.Text);
            case "Suffix" when text.Text.Length > 0:
                return StringMatcher.Suffix(text.Text);
            case "Presence" when text.Text.Length == 0:
            case "" when text.Text == "Presence":
                return StringMatcher.Presence;
            default:
                reader.Mistake(key, $"{item.Path} must be !Exact, !Prefix or !Suffix with a text that is not empty, or Presence.");
                return default;
        }
    }

    private static EquatableArray<ServiceAccountName> Accounts(ObjectReader reader, string key) =>
        reader.Items(key).Select(item =>
        {
            var account = reader.Open(item);
            var name = new ServiceAccountName(account.Text("namespace", required: true), account.Text("serviceAccount", required: true));
            account.RefuseUnknownKeys();
            return name;
        }).ToEquatableArray();
}
