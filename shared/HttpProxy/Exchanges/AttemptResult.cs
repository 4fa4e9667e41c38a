namespace Ambient.HttpProxy.Exchanges;

/// <summary>How one attempt went.</summary>
/// <param name="Status">Of the response whose head has been read; 0 without one.</param>
/// <param name="GrpcStatus">In that head; -1 without one.</param>
/// <param name="Flag">Why there is no answer.</param>
/// <param name="Sent">The server may have seen the request.</param>
/// <param name="Refused">The server said that it did not act on it.</param>
/// <param name="Why">For people.</param>
internal readonly record struct AttemptResult(int Status, int GrpcStatus, ExchangeFlag Flag, bool Sent, bool Refused, string Why)
{
    public bool IsAnswered => Status > 0;

    public static AttemptResult Answered(int status, int grpcStatus) => new(status, grpcStatus, ExchangeFlag.None, Sent: true, Refused: false, "");

    public static AttemptResult Unanswered(ExchangeFlag flag, string why, bool refused = false) => new(0, -1, flag, Sent: true, refused, why);

    public static AttemptResult NotSent(ExchangeFlag flag, string why) => new(0, -1, flag, Sent: false, Refused: false, why);
}
