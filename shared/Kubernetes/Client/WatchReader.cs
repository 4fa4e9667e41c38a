using System.Net;
using System.Text.Json;
using Ambient.Kubernetes.Resources;

namespace Ambient.Kubernetes.Client;

/// <summary>Cuts a watch into its lines and reads them. Holds one line at a time.</summary>
/// <param name="what">Verb and path, for errors.</param>
internal sealed class WatchReader<T>(Stream body, ResourceType<T> type, int maxObjectBytes, string what) where T : KubernetesObject
{
    private const int SmallBuffer = 16 * 1024;

    private byte[] _buffer = new byte[SmallBuffer];
    private int _start, _scanned, _end;

    /// <returns>Null when the server has ended the watch.</returns>
    /// <exception cref="ApiException">It sent an error event, or what is no event.</exception>
    public async ValueTask<WatchEvent<T>?> ReadAsync(CancellationToken stop)
    {
        while (true)
        {
            var newline = _buffer.AsSpan(_scanned.._end).IndexOf((byte)'\n');
            if (newline >= 0)
            {
                var line = _buffer.AsSpan(_start..(_scanned + newline));
                _start = _scanned += newline + 1;
                if (line.Trim(" \r\t"u8).IsEmpty) continue;
                return Parse(line);
            }

            _scanned = _end;
            if (_end - _start >= maxObjectBytes) return await SkipLineAsync(stop);
            if (await FillAsync(stop)) continue;
            // A connection that breaks mid-line may look like an orderly end; what is missing will be sent again.
            return null;
        }
    }

    private async ValueTask<bool> FillAsync(CancellationToken stop)
    {
        if (_start == _end)
        {
            if (_buffer.Length > SmallBuffer) _buffer = new byte[SmallBuffer]; // one large object must not stay for ever
            _start = _scanned = _end = 0;
        }
        else if (_end == _buffer.Length) MakeRoom();

        var read = await body.ReadAsync(_buffer.AsMemory(_end), stop);
        _end += read;
        return read > 0;
    }

    private void MakeRoom()
    {
        var target = _start > _buffer.Length / 2 ? _buffer : new byte[_buffer.Length * 2];
        _buffer.AsSpan(_start.._end).CopyTo(target);
        (_buffer, _scanned, _end, _start) = (target, _scanned - _start, _end - _start, 0);
    }

    /// <summary>Drops the rest of a line that is too long, and reports it under the name that its beginning tells.</summary>
    private async ValueTask<WatchEvent<T>?> SkipLineAsync(CancellationToken stop)
    {
        var dropped = Unreadable(_buffer.AsSpan(_start.._end));
        while (true)
        {
            _start = _scanned = _end = 0;
            var read = await body.ReadAsync(_buffer, stop);
            if (read == 0) return null;
            var newline = _buffer.AsSpan(0, read).IndexOf((byte)'\n');
            if (newline < 0) continue;
            (_start, _scanned, _end) = (newline + 1, newline + 1, read);
            return dropped;
        }
    }

    private WatchEvent<T> Unreadable(ReadOnlySpan<byte> beginning)
    {
        try
        {
            var outline = Outline.Read(beginning, complete: false);
            return new(KindOf(outline.Type) ?? WatchEventKind.Modified, DecodedObject<T>.Unreadable(
                beginning[outline.ObjectStart..], $"its text is longer than {maxObjectBytes} bytes, which is the limit"));
        }
        catch (JsonException e) { throw Malformed(e); }
    }

    private WatchEvent<T> Parse(ReadOnlySpan<byte> line)
    {
        try
        {
            var outline = Outline.Read(line, complete: true);
            var json = line[outline.ObjectStart..outline.ObjectEnd];
            if (outline.Type == "ERROR") throw ApiException.FromBody(HttpStatusCode.InternalServerError, what, json);
            if (json.IsEmpty) throw new JsonException("the event has no object");
            return KindOf(outline.Type) switch
            {
                WatchEventKind.Bookmark => new(WatchEventKind.Bookmark, new(default, ObjectHeader.Read(json).ResourceVersion, null, null)),
                { } kind => new(kind, DecodedObject<T>.Read(type, json)),
                null => throw new JsonException($"there is no event type '{outline.Type}'"),
            };
        }
        catch (JsonException e) { throw Malformed(e); }
    }

    private ApiException Malformed(JsonException e) =>
        new(HttpStatusCode.OK, ApiException.Malformed, $"{what}: the watch sent what is no event: {e.Message}", e);

    private static WatchEventKind? KindOf(string type) => type switch
    {
        "ADDED" => WatchEventKind.Added,
        "MODIFIED" => WatchEventKind.Modified,
        "DELETED" => WatchEventKind.Deleted,
        "BOOKMARK" => WatchEventKind.Bookmark,
        _ => null,
    };

    /// <summary>Where the two fields of an event are.</summary>
    private readonly record struct Outline(string Type, int ObjectStart, int ObjectEnd)
    {
        public static Outline Read(ReadOnlySpan<byte> line, bool complete)
        {
            var (type, start, end) = ("", 0, 0);
            var reader = new Utf8JsonReader(line, complete, new JsonReaderState(JsonText.Deep));
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) throw new JsonException("an event must be an object");
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var (isType, isObject) = (reader.ValueTextEquals("type"u8), reader.ValueTextEquals("object"u8));
                if (!reader.Read()) break;
                if (isType && reader.TokenType == JsonTokenType.String) type = reader.ReadText();
                if (isObject) (start, end) = ((int)reader.TokenStartIndex, line.Length);
                if (!reader.TrySkip()) break;
                if (isObject) end = (int)reader.BytesConsumed;
            }

            if (complete) reader.Read(); // nothing may follow
            return new(type, start, end);
        }
    }
}
