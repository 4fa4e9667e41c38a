namespace Ambient.Certificates.Store;

/// <summary>When to fetch next. Not thread-safe: it draws from one random source.</summary>
internal sealed class RenewalSchedule(CertificateStoreOptions options, Random random)
{
    // A certificate that comes past its half-life, again and again, must not be fetched in a loop.
    private static readonly TimeSpan ShortestPause = TimeSpan.FromSeconds(5);

    /// <summary>Until a fresh certificate is renewed.</summary>
    public TimeSpan AfterSuccess(WorkloadCertificate certificate, DateTimeOffset now)
    {
        var part = options.EarliestRenewal + (0.5 - options.EarliestRenewal) * random.NextDouble();
        var pause = certificate.NotBefore + certificate.Lifetime * part - now;
        if (pause > TimeSpan.Zero)
            return pause;
        var late = (certificate.NotAfter - now) / 2;
        return late > ShortestPause ? late : ShortestPause;
    }

    /// <summary>Until the next try; not later than the end of what is still being served.</summary>
    public TimeSpan AfterFailure(int failures, WorkloadCertificate? serving, DateTimeOffset now)
    {
        var doubled = options.FirstBackoff * Math.Pow(2, Math.Min(failures - 1, 20));
        var capped = doubled < options.MaxBackoff ? doubled : options.MaxBackoff;
        var pause = capped * (0.8 + 0.4 * random.NextDouble());
        if (pause > options.MaxBackoff)
            pause = options.MaxBackoff;
        return serving is not null && serving.NotAfter - now < pause ? serving.NotAfter - now : pause;
    }
}
