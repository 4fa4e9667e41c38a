using System.Globalization;
using Ambient.ControlPlane.Indexing.Routes;
using Ambient.Kubernetes.Resources;
using Ambient.Model.Routes;

namespace Ambient.ControlPlane.Indexing.VirtualServices;

/// <summary>Faults of a VirtualService → the model's. Pure.</summary>
internal static class VirtualFaultReader
{
    // By number (google.rpc.Code).
    private static readonly string[] GrpcStatuses =
    [
        "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
    ];

    /// <summary>What has no percentage happens to nobody.</summary>
    /// <exception cref="UnusablePartException">It says what no fault can be.</exception>
    public static Fault? Read(VirtualFault? fault)
    {
        if (fault is null) return null;
        var delay = fault.Delay is { } late ? Durations.OfIstio(late.FixedDelay ?? "0s") : TimeSpan.Zero;
        var abort = fault.Abort;
        if (abort is { HttpStatus: not null, GrpcStatus: not null }) throw new UnusablePartException("fault.abort has two statuses.");
        if (abort is { HttpStatus: null, GrpcStatus: null }) throw new UnusablePartException("fault.abort has no status.");
        if (abort?.HttpStatus is < 200 or > 599) throw new UnusablePartException($"fault.abort.httpStatus is {abort.HttpStatus}, it must be from 200 to 599.");
        return new(delay, Percent(fault.Delay?.Percentage?.Value ?? fault.Delay?.Percent ?? 0), (ushort)(abort?.HttpStatus ?? 0),
            abort?.GrpcStatus is { } status ? GrpcStatus(status) : -1, Percent(abort?.Percentage?.Value ?? 0));
    }

    /// <exception cref="UnusablePartException">Not from 0 to 100.</exception>
    public static double Percent(double value) => value is >= 0 and <= 100 ? value : throw new UnusablePartException($"{value.ToString(CultureInfo.InvariantCulture)} is no percentage.");

    private static int GrpcStatus(string text)
    {
        var number = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var given) ? given : Array.IndexOf(GrpcStatuses, text.ToUpperInvariant());
        return number >= 0 && number < GrpcStatuses.Length ? number : throw new UnusablePartException($"fault.abort.grpcStatus {Findings.Quote(text)} is not known.");
    }
}
