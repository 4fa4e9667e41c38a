using Ambient.Http1.Bodies;

namespace Ambient.Http1.Heads;

/// <summary>What the fields of a response mean together with its status and the request it answers (RFC 9112 §6.3, §9.3).</summary>
internal static class ResponseRules
{
    public static Http1Error Apply(ResponseHead head, bool answersHead, bool answersConnect, Http1Limits limits)
    {
        var error = FramingFields.Read(head.Fields, head.Version, limits, out var said);
        if (!error.IsNone) return error;

        var isTunnel = head.Status == 101 || (answersConnect && head.Status is >= 200 and < 300);
        var hasNoBody = head.Status is < 200 or 204 or 304 || answersHead;
        // RFC 9112 §6.1, RFC 9110 §15.3.5: a peer that announces a body where none can be may well send one.
        var contradicts = head.Status is < 200 or 204 && said.HasBody;

        head.AnnouncedLength = said.Kind == BodyKind.Length ? said.Length : null;
        head.Framing = isTunnel ? BodyFraming.UntilClose
            : hasNoBody ? BodyFraming.None
            : said.Kind == BodyKind.None ? BodyFraming.UntilClose
            : said;
        head.KeepAlive = head.Framing.Kind != BodyKind.UntilClose && !contradicts && Persists(head);
        return default;
    }

    private static bool Persists(ResponseHead head) =>
        !head.Fields.HasToken("connection"u8, "close"u8)
        && (head.Version == HttpVersion.Http11 || head.Fields.HasToken("connection"u8, "keep-alive"u8));
}
