using System.Text;

namespace Ambient.Http1.Heads;

/// <summary>What the fields of a request mean together: who is asked, how long the body is, whether the connection stays.</summary>
internal static class RequestRules
{
    public static Http1Error Apply(RequestHead head, Http1Limits limits)
    {
        var error = ApplyHost(head);
        if (error.IsNone) error = ApplyFraming(head, limits);
        if (error.IsNone) error = ApplyExpect(head);
        if (error.IsNone) ApplyConnection(head);
        return error;
    }

    private static Http1Error ApplyHost(RequestHead head)
    {
        var count = head.Fields.CountOf("host"u8);
        if (count > 1) return Http1Error.Of(Http1Violation.DuplicateHost);
        if (count == 0)
            return head.Version == HttpVersion.Http11 ? Http1Error.Of(Http1Violation.MissingHost) : default;

        var index = head.Fields.IndexOf("host"u8);
        var host = head.Fields[index].Value;
        if (!Authority.TryParse(host, out _)) return Http1Error.Of(Http1Violation.BadHost);
        if (head.Form is TargetForm.Absolute or TargetForm.Authority)
            return Ascii.EqualsIgnoreCase(host, head.Authority) ? default : Http1Error.Of(Http1Violation.HostDisagrees);

        head.SetAuthorityFromField(index);
        return default;
    }

    private static Http1Error ApplyFraming(RequestHead head, Http1Limits limits)
    {
        var error = FramingFields.Read(head.Fields, head.Version, limits, out var framing);
        head.Framing = framing;
        return error;
    }

    private static Http1Error ApplyExpect(RequestHead head)
    {
        // RFC 9110 §10.1.1: an HTTP/1.0 client cannot know it, so it is ignored there.
        if (head.Version == HttpVersion.Http10) return default;

        foreach (var field in head.Fields)
        {
            if (!field.Is("expect"u8)) continue;
            if (!Ascii.EqualsIgnoreCase(field.Value, "100-continue"u8)) return Http1Error.Of(Http1Violation.UnknownExpectation);
            head.ExpectsContinue = head.Framing.HasBody;
        }

        return default;
    }

    // RFC 9112 §9.3.
    private static void ApplyConnection(RequestHead head)
    {
        var close = head.Fields.HasToken("connection"u8, "close"u8);
        head.KeepAlive = !close && (head.Version == HttpVersion.Http11 || head.Fields.HasToken("connection"u8, "keep-alive"u8));
    }
}
