using Ambient.Model.Identities;

namespace Ambient.Certificates.Store;

/// <summary>How an attempt ended: a certificate or the reason why not.</summary>
internal readonly record struct FetchOutcome(WorkloadCertificate? Certificate, CertificateException? Error);

/// <summary>One identity's place in the store. All but <see cref="Certificate"/> and <see cref="IsUsed"/> is touched under the store's lock only.</summary>
internal sealed class CertificateEntry(SpiffeId identity)
{
    private volatile WorkloadCertificate? _certificate;

    public SpiffeId Identity { get; } = identity;

    /// <summary>The last one obtained; read without lock, so look at its end before use.</summary>
    public WorkloadCertificate? Certificate
    {
        get => _certificate;
        set => _certificate = value;
    }

    public CertificateException? Error { get; set; }

    /// <summary>Present while a fetch is queued or running; everybody who waits shares it.</summary>
    public TaskCompletionSource<FetchOutcome>? Attempt { get; set; }

    public FetchPriority Priority { get; set; }

    /// <summary>The place in the queue of <see cref="Priority"/>, while queued.</summary>
    public LinkedListNode<CertificateEntry>? Queued { get; set; }

    /// <summary>Stops the running fetch.</summary>
    public CancellationTokenSource? Abort { get; set; }

    public int Failures { get; set; }

    /// <summary>Pods that want this identity; see <see cref="CertificateStore.Retain"/>.</summary>
    public int Users { get; set; }

    /// <summary>Somebody asked for it since it was last due. Set without lock.</summary>
    public bool IsUsed { get; set; }

    public ITimer? Timer { get; set; }

    public DateTimeOffset Due { get; set; }

    public bool IsForgotten { get; set; }
}
