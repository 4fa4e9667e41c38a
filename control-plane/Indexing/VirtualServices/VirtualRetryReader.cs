using Ambient.ControlPlane.Indexing.Routes;
using Ambient.Kubernetes.Resources;
using Ambient.Model;
using Ambient.Model.Routes;

namespace Ambient.ControlPlane.Indexing.VirtualServices;

/// <summary>Retries of a VirtualService → the model's. Pure.</summary>
internal static class VirtualRetryReader
{
    /// <param name="timeout">Of all attempts together; a limit for each that is not shorter has no effect.</param>
    /// <param name="report">Told what is not honoured.</param>
    /// <returns>Null for the default.</returns>
    public static RetryPolicy? Read(VirtualRetries? retries, TimeSpan timeout, Action<string> report)
    {
        if (retries is null) return null;
        if (retries.Attempts is <= 0) return RetryPolicy.None;
        if (retries.RetryRemoteLocalities == true) report("retries.retryRemoteLocalities is not honoured.");
        var (on, codes) = WordsOf(retries.RetryOn, report);
        var each = retries.PerTryTimeout is { } time ? Durations.OfIstio(time) : TimeSpan.Zero;
        return new()
        {
            Attempts = (int)Math.Min(retries.Attempts ?? RetryPolicy.Default.Attempts, RetryPolicy.MaxAttempts),
            On = on,
            Codes = codes,
            PerTryTimeout = timeout > TimeSpan.Zero && each >= timeout ? TimeSpan.Zero : each,
            BackoffBase = retries.Backoff is { } pause && Durations.OfIstio(pause) is var given && given > TimeSpan.Zero ? given : RetryPolicy.Default.BackoffBase,
        };
    }

    private static (RetryOn On, EquatableArray<int> Codes) WordsOf(string? words, Action<string> report)
    {
        if (words is null or "") return (RetryPolicy.Default.On, default);
        var known = new List<string>();
        foreach (var word in words.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Take(RetryPolicy.MaxCodes))
        {
            try
            {
                RetryPolicy.Parse(word);
                known.Add(word);
            }
            catch (FormatException e) { report(e.Message); }
        }
        return RetryPolicy.Parse(string.Join(',', known));
    }
}
