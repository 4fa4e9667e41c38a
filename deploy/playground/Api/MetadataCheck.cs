using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Api.Kinds;

namespace Ambient.Playground.Api;

/// <summary>What holds for the metadata of every object: names, labels, size of annotations, owners.</summary>
internal static partial class MetadataCheck
{
    /// <summary>All keys and values of the annotations together.</summary>
    private const int MaxAnnotationBytes = 256 * 1024;

    private const string SubdomainRule = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
        + "start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
        + "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

    private const string LabelRule = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end "
        + "with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

    private const string LabelNameRule = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
        + "an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

    public static void Check(ResourceKind kind, JsonObject document, List<FieldProblem> problems)
    {
        var metadata = document.Child("metadata");
        CheckName(kind, metadata.Text("name") ?? "", problems);
        foreach (var (key, value) in metadata.ObjectAt("labels") ?? [])
        {
            CheckKey("metadata.labels", key, problems);
            var text = value.Text() ?? "";
            if (text.Length > 63) problems.Add(FieldProblem.Invalid("metadata.labels", text, "must be no more than 63 characters"));
            else if (!LabelValue().IsMatch(text)) problems.Add(FieldProblem.Invalid("metadata.labels", text, LabelRule));
        }
        var bytes = 0L;
        foreach (var (key, value) in metadata.ObjectAt("annotations") ?? [])
        {
            CheckKey("metadata.annotations", key, problems);
            bytes += key.Length + (value.Text() ?? "").Length;
        }
        if (bytes > MaxAnnotationBytes)
            problems.Add(new("FieldValueTooLong", "metadata.annotations", $"Too long: may not be more than {MaxAnnotationBytes} bytes"));
        foreach (var owner in metadata.ObjectsAt("ownerReferences"))
            if (owner.Text("uid") is not { Length: > 0 }) problems.Add(FieldProblem.Invalid("metadata.ownerReferences.uid", "", "uid must not be empty"));
        if (metadata.ObjectsAt("ownerReferences").Count(owner => owner.Flag("controller")) > 1)
            problems.Add(FieldProblem.Invalid("metadata.ownerReferences", null, "Only one reference can have Controller set to true"));
    }

    public static bool IsLabelName(string text) => text.Length is > 0 and <= 63 && DnsLabel().IsMatch(text);

    private static void CheckName(ResourceKind kind, string name, List<FieldProblem> problems)
    {
        // RBAC names may hold colons and capitals (system:node); they only have to be one segment of a path.
        if (kind.Group == "rbac.authorization.k8s.io")
        {
            if (name is "." or ".." || name.Contains('/', StringComparison.Ordinal) || name.Contains('%', StringComparison.Ordinal))
                problems.Add(FieldProblem.Invalid("metadata.name", name, "may not be '.', '..' or contain '/' or '%'"));
            return;
        }
        if (kind is { Group: "", Kind: "Namespace" or "Service" })
        {
            if (!IsLabelName(name)) problems.Add(FieldProblem.Invalid("metadata.name", name, LabelNameRule));
        }
        else if (name.Length > 253 || !Subdomain().IsMatch(name))
        {
            problems.Add(FieldProblem.Invalid("metadata.name", name, SubdomainRule));
        }
    }

    private static void CheckKey(string path, string key, List<FieldProblem> problems)
    {
        var slash = key.IndexOf('/', StringComparison.Ordinal);
        var (prefix, name) = slash < 0 ? (null, key) : (key[..slash], key[(slash + 1)..]);
        if (prefix is not null && (prefix.Length > 253 || !Subdomain().IsMatch(prefix.ToLowerInvariant())))
            problems.Add(FieldProblem.Invalid(path, key, $"prefix part {SubdomainRule}"));
        if (name.Length is 0 or > 63 || !LabelKey().IsMatch(name))
            problems.Add(FieldProblem.Invalid(path, key, "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
                + "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"));
    }

    [GeneratedRegex("^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\\z")]
    private static partial Regex Subdomain();

    [GeneratedRegex("^[a-z0-9]([-a-z0-9]*[a-z0-9])?\\z")]
    private static partial Regex DnsLabel();

    [GeneratedRegex("^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?\\z")]
    private static partial Regex LabelValue();

    [GeneratedRegex("^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]\\z")]
    private static partial Regex LabelKey();
}
