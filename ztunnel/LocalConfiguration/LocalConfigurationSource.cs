using Ambient.Linux.Files;
using Ambient.Model.State;

namespace Ambient.Ztunnel.LocalConfiguration;

/// <summary>Keeps the mesh in step with a local configuration: a file, or a text given at start.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class LocalConfigurationSource(string name, Func<string> read, MeshState mesh)
{
    private readonly Lock _loading = new();
    private volatile LocalConfigurationFile _current = LocalConfigurationFile.Empty;
    private volatile IReadOnlyList<Mistake> _mistakes = [];
    private string? _seen; // as it was last read, or why it could not be

    public static LocalConfigurationSource FromFile(string path, MeshState mesh) => new(path, () => ReadFile(path), mesh);

    /// <summary>Reloads whenever the file changes, until the result is disposed. Write the new file beside it and rename it.</summary>
    /// <param name="reloaded">Told the mistakes after each change of the file, on the watch's thread; must not throw.</param>
    public IDisposable Watch(Action<IReadOnlyList<Mistake>> reloaded) => new FileWatch(name, () =>
    {
        if (TryReload()) reloaded(_mistakes);
    });

    public static LocalConfigurationSource FromText(string yaml, MeshState mesh) => new("LOCAL_XDS", () => yaml, mesh);

    /// <summary>The last good state, which is in force.</summary>
    public LocalConfigurationFile Current => _current;

    /// <summary>What is wrong with the file as it is now; empty if it is in force.</summary>
    public IReadOnlyList<Mistake> Mistakes => _mistakes;

    /// <summary>Reads it again and applies the difference; a file with mistakes changes nothing.</summary>
    /// <returns>All mistakes, or none if what the file says is in force.</returns>
    public IReadOnlyList<Mistake> Reload()
    {
        TryReload();
        return _mistakes;
    }

    /// <returns>False if it says what it said before.</returns>
    private bool TryReload()
    {
        lock (_loading)
        {
            var (text, failure) = TryRead();
            if ((text ?? failure) == _seen) return false;
            _seen = text ?? failure;
            Take(text is null ? (null, [new(name, 0, "", $"cannot be read: {failure}")]) : LocalConfigurationFile.Read(text, name));
            return true;
        }
    }

    private void Take((LocalConfigurationFile?, IReadOnlyList<Mistake>) found)
    {
        (var file, _mistakes) = found;
        if (file is null) return;
        mesh.Apply(file.ChangesSince(_current));
        _current = file;
    }

    private (string? Text, string? Failure) TryRead()
    {
        try
        {
            return (read(), null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return (null, e.Message);
        }
    }

    private static string ReadFile(string path)
    {
        var length = new FileInfo(path).Length;
        return length <= LocalConfigurationFile.MaxLength
            ? File.ReadAllText(path)
            : throw new IOException($"the file has {length} bytes; at most {LocalConfigurationFile.MaxLength} are allowed.");
    }
}
