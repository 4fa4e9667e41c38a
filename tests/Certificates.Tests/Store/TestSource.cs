using System.Threading.Channels;
using Ambient.Certificates.Authority;
using Ambient.Certificates.Store;
using Ambient.Model.Identities;
using Ambient.TestKit;

namespace Ambient.Certificates.Tests.Store;

/// <summary>An authority whose every answer the test gives by hand.</summary>
internal sealed class TestSource : ICertificateSource, IAsyncDisposable
{
    private readonly Channel<Fetch> _started = Channel.CreateUnbounded<Fetch>();
    private readonly LocalAuthority _authority;
    private int _running;

    private TestSource(LocalAuthority authority) => _authority = authority;

    public int Running => Volatile.Read(ref _running);

    public static async Task<TestSource> CreateAsync(ManualTime time)
    {
        var directory = Directory.CreateTempSubdirectory("ca").FullName;
        try
        {
            return new TestSource(await LocalAuthority.OpenAsync(directory, new() { MaxLeafLifetime = TimeSpan.FromDays(100) }, time, default));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    public async ValueTask<WorkloadCertificate> FetchAsync(SpiffeId identity, FetchPriority priority, CancellationToken stop)
    {
        Interlocked.Increment(ref _running);
        try
        {
            var fetch = new Fetch(identity, priority, stop, Make);
            _started.Writer.TryWrite(fetch);
            return await fetch.Answer.Task;
        }
        finally
        {
            Interlocked.Decrement(ref _running);
        }
    }

    /// <summary>The next call that the store makes.</summary>
    public Task<Fetch> NextAsync() => _started.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20));

    public bool HasNext => _started.Reader.TryPeek(out _);

    public ValueTask DisposeAsync()
    {
        _authority.Dispose();
        return ValueTask.CompletedTask;
    }

    private WorkloadCertificate Make(SpiffeId identity, TimeSpan life)
    {
        using var key = new WorkloadKey();
        return WorkloadCertificate.FromChain(identity, _authority.Sign(key.RequestFor(identity), life), key.ExportPrivateKey());
    }

    internal sealed record Fetch(SpiffeId Identity, FetchPriority Priority, CancellationToken Stop, Func<SpiffeId, TimeSpan, WorkloadCertificate> Make)
    {
        public TaskCompletionSource<WorkloadCertificate> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public WorkloadCertificate Succeed(TimeSpan? life = null)
        {
            var certificate = Make(Identity, life ?? TimeSpan.FromHours(24));
            Answer.SetResult(certificate);
            return certificate;
        }

        public void Fail(string why = "authority is away") =>
            Answer.SetException(new CertificateException(CertificateFailure.SourceUnavailable, why));
    }
}
