namespace Ambient.MeshProxy.Options;

/// <summary>Where certificates come from, and how long they last.</summary>
public sealed record AuthorityOptions
{
    public const string DefaultTokenFile = "./var/run/secrets/tokens/istio-token";

    /// <summary>CA_ADDRESS. Null only with <see cref="DevelopmentDirectory"/>.</summary>
    public Uri? Address { get; init; }

    /// <summary>CA_ROOT_CA; a file is watched.</summary>
    public required ControlPlaneRoots Roots { get; init; }

    /// <summary>ALT_CA_HOSTNAME: also accepted in the server's certificate.</summary>
    public string? AlternativeHostname { get; init; }

    /// <summary>CA_HEADER_*: sent with every call. May hold secrets.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    /// <summary>SECRET_TTL: lifetime asked for, 1 min to 90 days. Default 24 h.</summary>
    public TimeSpan Lifetime { get; init; } = TimeSpan.FromHours(24);

    /// <summary>AUTH_TOKEN as a file, read at each call. Default ./var/run/secrets/tokens/istio-token if it exists.</summary>
    public string? TokenFile { get; init; }

    /// <summary>AUTH_TOKEN as the token itself. Secret.</summary>
    public string? Token { get; init; }

    /// <summary>CRL_PATH: revocation lists, watched. Default null: no revocation.</summary>
    public string? CrlFile { get; init; }

    /// <summary>AMBIENT_DEV_CA_DIR: sign with a root key kept in this directory instead of asking an authority. For one machine, never a cluster.</summary>
    public string? DevelopmentDirectory { get; init; }

    public static AuthorityOptions Read(SettingsReader settings, ProxyConfig config, string directory)
    {
        var development = settings.Text("AMBIENT_DEV_CA_DIR");
        var (tokenFile, token) = ReadToken(settings, directory);
        return new()
        {
            Address = development is null ? ReadAddress(settings) : NoAddress(settings, development),
            Roots = ControlPlaneRoots.Read(settings, "CA_ROOT_CA", directory),
            AlternativeHostname = settings.Text("ALT_CA_HOSTNAME"),
            Headers = ControlPlaneAddress.ReadHeaders(settings, "CA_HEADER_"),
            Lifetime = settings.Duration("SECRET_TTL", TimeSpan.FromHours(24), TimeSpan.FromMinutes(1), TimeSpan.FromDays(90)),
            TokenFile = tokenFile,
            Token = token,
            CrlFile = settings.Text("CRL_PATH"),
            DevelopmentDirectory = development,
        };
    }

    private static Uri? ReadAddress(SettingsReader settings)
    {
        if (settings.Bool("FAKE_CA", false))
            settings.Mistake("FAKE_CA", "true", "there is no built-in authority; for development set AMBIENT_DEV_CA_DIR to a directory");

        var text = settings.RawText("CA_ADDRESS") ?? ControlPlaneAddress.Default(settings);
        if (text.Length == 0)
            settings.Mistake("CA_ADDRESS", "", "no traffic can be encrypted without an authority; set its address, or AMBIENT_DEV_CA_DIR for development");
        return ControlPlaneAddress.Parse(settings, "CA_ADDRESS", text);
    }

    private static Uri? NoAddress(SettingsReader settings, string development)
    {
        if (settings.Text("CA_ADDRESS") is { } address)
            settings.Mistake("AMBIENT_DEV_CA_DIR", development, $"CA_ADDRESS is set as well ('{address}'); set one of them");
        return null;
    }

    private static (string? File, string? Token) ReadToken(SettingsReader settings, string directory)
    {
        var text = settings.Text("AUTH_TOKEN");
        if (text is null) return (File.Exists(Path.Combine(directory, DefaultTokenFile)) ? DefaultTokenFile : null, null);
        return File.Exists(Path.Combine(directory, text)) ? (text, null) : (null, text);
    }
}
