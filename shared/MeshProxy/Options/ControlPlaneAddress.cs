namespace Ambient.MeshProxy.Options;

/// <summary>Whom to trust when calling the control plane: a file, the system's roots, or PEM text.</summary>
public enum RootSource { File, System, Pem }

/// <param name="Value">Path or PEM text; empty for the system's roots.</param>
public sealed record ControlPlaneRoots(RootSource Source, string Value)
{
    public const string DefaultFile = "./var/run/secrets/istio/root-cert.pem";

    public static ControlPlaneRoots Read(SettingsReader settings, string name, string directory)
    {
        var text = settings.Text(name, DefaultFile);
        if (text == "SYSTEM") return new(RootSource.System, "");
        if (text == DefaultFile || File.Exists(Path.Combine(directory, text))) return new(RootSource.File, text);
        if (!text.Contains("-----BEGIN CERTIFICATE-----", StringComparison.Ordinal))
            settings.Mistake(name, text, "allowed are the path of an existing file, SYSTEM, or certificates in PEM");
        return new(RootSource.Pem, text);
    }
}

/// <summary>Addresses of the control plane's services.</summary>
public static class ControlPlaneAddress
{
    /// <summary>In a cluster istiod's service, elsewhere this machine.</summary>
    public static string Default(SettingsReader settings) =>
        settings.RawText("KUBERNETES_SERVICE_HOST") is not null ? "https://istiod.istio-system.svc:15012" : "https://localhost:15012";

    /// <returns>Null for the empty text, which turns the service off.</returns>
    public static Uri? Parse(SettingsReader settings, string name, string text)
    {
        if (text.Length == 0) return null;
        var full = text.Contains("://", StringComparison.Ordinal) ? text : $"https://{text}";
        if (Uri.TryCreate(full, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri is { Host.Length: > 0, PathAndQuery: "/" })
            return uri;

        settings.Mistake(name, text, "allowed are host:port, http://host:port, https://host:port, or nothing");
        return null;
    }

    /// <summary>Header names are the variables' rest in lower case, as HTTP/2 has them.</summary>
    public static IReadOnlyDictionary<string, string> ReadHeaders(SettingsReader settings, string prefix)
    {
        var headers = new Dictionary<string, string>();
        foreach (var (name, value) in settings.StartingWith(prefix))
        {
            var header = name.ToLowerInvariant();
            headers[header] = value;
            if (header.AsSpan().IndexOfAnyExcept("abcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~") >= 0)
                settings.Mistake(prefix + name, null, "what follows the prefix must be a header name");
            if (value.AsSpan().ContainsAnyInRange('\0', '\x1f')) // its value may be a secret
                settings.Mistake(prefix + name, null, "a header's value must not hold control characters");
        }

        return headers;
    }
}
