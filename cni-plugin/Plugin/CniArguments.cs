namespace Ambient.CniPlugin;

/// <summary>CNI_ARGS: <c>KEY=VALUE;KEY=VALUE</c>. A container runtime of Kubernetes names the pod there; other keys are nothing to us.</summary>
/// <param name="PodName">Empty outside Kubernetes, as the others.</param>
internal sealed record CniArguments(string PodNamespace, string PodName, string PodUid)
{
    private const int MaxText = 16 * 1024, MaxName = 253; // an object's name, RFC 1123 subdomain

    public bool IsPod => PodNamespace.Length > 0 && PodName.Length > 0;

    /// <exception cref="CniException">Malformed, longer than 16 Ki characters, or a name that no object can have.</exception>
    public static CniArguments Parse(string text)
    {
        if (text.Length > MaxText)
            throw Invalid($"CNI_ARGS has {text.Length} characters", $"At most {MaxText} are read.");
        var (podNamespace, podName, podUid) = ("", "", "");
        foreach (var pair in text.Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = pair.IndexOf('=');
            if (equals <= 0)
                throw Invalid($"CNI_ARGS has '{Shown.Of(pair)}'", "Expected are pairs KEY=VALUE, separated by semicolons.");
            var value = pair[(equals + 1)..];
            switch (pair[..equals])
            {
                case "K8S_POD_NAMESPACE": podNamespace = Name(pair, value); break;
                case "K8S_POD_NAME": podName = Name(pair, value); break;
                case "K8S_POD_UID": podUid = Name(pair, value); break;
            }
        }
        return new CniArguments(podNamespace, podName, podUid);
    }

    private static string Name(string pair, string value) =>
        value.Length <= MaxName && value.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '.')
            ? value
            : throw Invalid($"CNI_ARGS has '{Shown.Of(pair)}'", $"Expected is a name of up to {MaxName} lower-case letters, digits, - and dots.");

    private static CniException Invalid(string message, string details) => new(CniErrorCode.InvalidEnvironment, message, details);
}

/// <summary>Other people's text in messages: short and printable.</summary>
internal static class Shown
{
    private const int Longest = 100;

    public static string Of(string text)
    {
        var cut = text.Length > Longest ? text[..Longest] + "…" : text;
        return string.Concat(cut.Select(static c => char.IsControl(c) ? '?' : c));
    }
}
