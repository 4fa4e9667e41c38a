using System.Net;
using System.Text.Json;

namespace Ambient.Kubernetes.Client;

/// <summary>The API refused a request or could not be reached: code switches on <see cref="Code"/>, people read the message.</summary>
/// <param name="code">HTTP status; 0 if no answer came.</param>
/// <param name="reason">The API's machine-readable reason, such as <c>NotFound</c> or <c>AlreadyExists</c>; ours are <see cref="Unreachable"/>,
/// <see cref="TimedOut"/> and <see cref="Malformed"/>.</param>
public sealed class ApiException(HttpStatusCode code, string reason, string message, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>Reason: the connection failed or broke.</summary>
    public const string Unreachable = "Unreachable";

    /// <summary>Reason: no complete answer within the time allowed.</summary>
    public const string TimedOut = "TimedOut";

    /// <summary>Reason: what came is not what the API promises.</summary>
    public const string Malformed = "Malformed";

    private const int MaxMessage = 2048;

    public HttpStatusCode Code { get; } = code;

    public string Reason { get; } = reason;

    public bool IsNotFound => Code == HttpStatusCode.NotFound;

    /// <summary>Somebody else changed the object first, or it exists already (then <see cref="Reason"/> is <c>AlreadyExists</c>).</summary>
    public bool IsConflict => Code == HttpStatusCode.Conflict;

    /// <summary>The resource version or continue token is too old (or, after a restore of the cluster, too new): list again.</summary>
    public bool IsExpired => Code == HttpStatusCode.Gone || Reason == "Expired" || IsTooNew;

    // The API answers 504 or 500 when it is asked to watch from a version that it has not reached.
    private bool IsTooNew => (int)Code >= 500 && Message.Contains("Too large resource version", StringComparison.Ordinal);

    /// <summary>From a <c>Status</c> object, or from any text where the answer came from something in between.</summary>
    /// <param name="what">Verb and path.</param>
    internal static ApiException FromBody(HttpStatusCode code, string what, ReadOnlySpan<byte> body)
    {
        var (reason, message) = ("", "");
        try
        {
            var reader = new Utf8JsonReader(body);
            if (reader.Read() && reader.TokenType == JsonTokenType.StartObject) (code, reason, message) = ReadStatus(ref reader, code);
        }
        catch (JsonException)
        {
            message = "the answer was not from a Kubernetes API";
        }

        if (reason.Length == 0) reason = code.ToString();
        if (message.Length > MaxMessage) message = message[..MaxMessage] + "…";
        return new(code, reason, $"{what}: {(int)code} {reason}{(message.Length == 0 ? "" : $": {message}")}. {NextStep(code)}".TrimEnd());
    }

    private static (HttpStatusCode, string, string) ReadStatus(ref Utf8JsonReader reader, HttpStatusCode code)
    {
        var (reason, message) = ("", "");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.ReadText();
            reader.Read();
            if (reader.TokenType == JsonTokenType.String && name == "reason") reason = reader.ReadText();
            else if (reader.TokenType == JsonTokenType.String && name == "message") message = reader.ReadText().TrimEnd('.');
            else if (reader.TokenType == JsonTokenType.Number && name == "code" && reader.TryGetInt32(out var number) && number is >= 400 and < 600)
                code = (HttpStatusCode)number;
            else reader.Skip();
        }

        return (code, reason, message);
    }

    private static string NextStep(HttpStatusCode code) => (int)code switch
    {
        401 => "Is the token or client certificate expired, or of another cluster?",
        403 => "Grant our service account this verb on this resource (RBAC).",
        404 => "Does it exist, and is its kind installed (CRD)?",
        409 => "Read the object again and retry.",
        410 => "List again.",
        413 => "The object is too large for the API server.",
        422 => "Correct the fields that it names.",
        429 => "The API server asks for fewer requests; retry later.",
        >= 500 => "Retry; the API server's log says more.",
        _ => "",
    };
}
