using System.Text;

namespace Ambient.Kubernetes.Configuration;

/// <summary>Who we are to the API, as a token that is sent with each request. Thread-safe.</summary>
public abstract class BearerToken
{
    /// <exception cref="ConfigurationException">There is none to be had.</exception>
    public abstract string Read();

    /// <summary>Called when the API has refused what <see cref="Read"/> gave.</summary>
    /// <returns>True if there is another one now, so that a second try makes sense.</returns>
    public virtual bool Refresh() => false;

    public static BearerToken Fixed(string token) => new FixedToken(token);

    private sealed class FixedToken(string token) : BearerToken
    {
        public override string Read() => token;
    }
}

/// <summary>A token in a file that somebody replaces before it expires (the kubelet does, for projected tokens).</summary>
public sealed class TokenFile(string path, TimeProvider time) : BearerToken
{
    /// <summary>A new token is used at most so long after it was written.</summary>
    public static readonly TimeSpan ReadAgainAfter = TimeSpan.FromSeconds(10);

    private const int MaxBytes = 64 * 1024;

    private readonly Lock _gate = new();
    private string? _token;
    private long _readAt;

    public override string Read()
    {
        lock (_gate)
        {
            if (_token is null || time.GetElapsedTime(_readAt) >= ReadAgainAfter) ReadFile();
            return _token!;
        }
    }

    public override bool Refresh()
    {
        lock (_gate)
        {
            var refused = _token;
            ReadFile();
            return _token != refused;
        }
    }

    // A file that cannot be read for a moment (it is being replaced) does not make the token we hold worthless.
    private void ReadFile()
    {
        _readAt = time.GetTimestamp();
        try
        {
            using var file = File.OpenRead(path);
            if (file.Length > MaxBytes) throw new IOException($"it is larger than {MaxBytes} bytes");
            using var reader = new StreamReader(file, Encoding.ASCII);
            var text = reader.ReadToEnd().Trim();
            if (text.Length == 0) throw new IOException("it is empty");
            if (text.AsSpan().ContainsAnyExceptInRange('!', '~')) throw new IOException("it is not one line of printable text");
            _token = text;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (_token is null) throw new ConfigurationException($"The token file {path} cannot be used: {e.Message}. Is the service account mounted?", e);
        }
    }
}
