using System.Text;

namespace Ambient.Kubernetes.Configuration;

/// <summary>A kubeconfig file: what of it leads to an API server and says who we are.</summary>
/// <remarks>Programs that fetch credentials (<c>exec</c>, <c>auth-provider</c>), basic authentication and proxies are refused, not ignored.</remarks>
internal sealed class Kubeconfig
{
    private const int MaxBytes = 4 * 1024 * 1024;

    private static readonly (string Key, string Meaning)[] RefusedOfUser =
    [
        ("exec", "an exec plugin, which would run a program of its choice"),
        ("auth-provider", "an auth-provider"),
        ("username", "basic authentication"),
        ("password", "basic authentication"),
        ("as", "impersonation"),
        ("as-uid", "impersonation"),
        ("as-groups", "impersonation"),
        ("as-user-extra", "impersonation"),
    ];

    private readonly string _path;
    private readonly YamlTree _root;

    private Kubeconfig(string path, YamlTree root) => (_path, _root) = (path, root);

    /// <exception cref="ConfigurationException">It cannot be read, or is not YAML.</exception>
    public static Kubeconfig Load(string path)
    {
        try
        {
            var file = new FileInfo(path);
            if (file.Length > MaxBytes) throw new ConfigurationException($"{path} is larger than {MaxBytes} bytes, so it is no kubeconfig.");
            return Parse(path, File.ReadAllText(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"The kubeconfig {path} cannot be read: {e.Message}", e);
        }
    }

    /// <param name="path">Named in errors; relative paths in the text start from its directory.</param>
    /// <exception cref="ConfigurationException">It is not YAML, or not a kubeconfig.</exception>
    public static Kubeconfig Parse(string path, string text) =>
        new(path, YamlTree.Parse(text, path) as YamlTree.Map ?? throw new ConfigurationException($"{path} is empty or no map, so it is no kubeconfig."));

    /// <exception cref="ConfigurationException">The context, or what it names, is missing or cannot be used.</exception>
    public ApiConfiguration ToConfiguration(string? contextName, TimeProvider time)
    {
        contextName ??= _root.TextAt("current-context") ?? throw Wrong("has no current-context; set it with 'kubectl config use-context NAME'");
        var context = Named("contexts", "context", contextName);
        var cluster = Named("clusters", "cluster", context.TextAt("cluster") ?? throw Wrong($"names no cluster in context '{contextName}'"));
        var user = context.TextAt("user") is { } userName ? CheckUser(userName, Named("users", "user", userName)) : new YamlTree.Map([]);
        if (cluster.TextAt("proxy-url") is not null) throw Wrong("sets proxy-url, which is not supported; connect directly");

        return new()
        {
            Server = ApiConfiguration.ParseServer(cluster.TextAt("server") ?? throw Wrong("has a cluster without a server"), _path),
            Namespace = context.TextAt("namespace") ?? "default",
            Trust = TrustOf(cluster),
            ServerName = cluster.TextAt("tls-server-name"),
            Token = TokenOf(user, time),
            Identity = IdentityOf(user),
        };
    }

    private YamlTree Named(string list, string key, string name)
    {
        foreach (var item in _root.ListAt(list))
            if (item.TextAt("name") == name) return item[key] as YamlTree.Map ?? throw Wrong($"has nothing under '{key}' for '{name}' of {list}");
        throw Wrong($"has no '{name}' among its {list}");
    }

    private YamlTree CheckUser(string name, YamlTree user)
    {
        foreach (var (key, meaning) in RefusedOfUser)
            if (user[key] is not null and not YamlTree.Text { Value: "" })
                throw Wrong($"gives user '{name}' {meaning} ({key}), which is not supported. " +
                    "Use a token, a tokenFile or a client certificate; 'kubectl create token' makes a token");
        return user;
    }

    private ServerTrust TrustOf(YamlTree cluster)
    {
        var data = cluster.TextAt("certificate-authority-data");
        var file = cluster.TextAt("certificate-authority");
        if (cluster.TextAt("insecure-skip-tls-verify") == "true")
            return data is null && file is null
                ? ServerTrust.Anything
                : throw Wrong("sets insecure-skip-tls-verify and a certificate authority for one cluster; remove one of them");
        if (data is not null) return ServerTrust.FromPem(Decode("certificate-authority-data", data), $"certificate-authority-data of {_path}");
        return file is null ? ServerTrust.System : ServerTrust.FromFile(Resolve(file));
    }

    // As kubectl does: a file wins over a value, because the file may be renewed.
    private BearerToken? TokenOf(YamlTree user, TimeProvider time)
    {
        if (user.TextAt("tokenFile") is { } file) return new TokenFile(Resolve(file), time);
        return user.TextAt("token") is { } token ? BearerToken.Fixed(token) : null;
    }

    private ClientIdentity? IdentityOf(YamlTree user)
    {
        var (certificateData, keyData) = (user.TextAt("client-certificate-data"), user.TextAt("client-key-data"));
        var (certificateFile, keyFile) = (user.TextAt("client-certificate"), user.TextAt("client-key"));
        if (certificateData is null && certificateFile is null && keyData is null && keyFile is null) return null;
        if ((certificateData ?? certificateFile) is null || (keyData ?? keyFile) is null)
            throw Wrong("gives a client certificate without its key, or the other way round");
        if (certificateData is null && keyData is null) return ClientIdentity.FromFiles(Resolve(certificateFile!), Resolve(keyFile!));

        var certificate = certificateData is null ? ReadText(certificateFile!) : Decode("client-certificate-data", certificateData);
        return ClientIdentity.FromPem(certificate, keyData is null ? ReadText(keyFile!) : Decode("client-key-data", keyData), _path);
    }

    private string ReadText(string file)
    {
        try { return File.ReadAllText(Resolve(file)); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { throw Wrong($"names {file}, which cannot be read: {e.Message}"); }
    }

    private string Resolve(string file) => Path.Combine(Path.GetDirectoryName(Path.GetFullPath(_path)) ?? "/", file);

    private string Decode(string key, string base64)
    {
        try { return Encoding.UTF8.GetString(Convert.FromBase64String(base64)); }
        catch (FormatException) { throw Wrong($"has a {key} that is not base64"); }
    }

    private ConfigurationException Wrong(string what) => new($"The kubeconfig {_path} {what}.");
}
