using System.Globalization;
using System.Net.Sockets;
using System.Security.Authentication;
using Grpc.Core;
using Skerry.Storage.Relay.Security;
using Skerry.Storage.Relay.Streams;

namespace Skerry.Storage.Relay.Grpc;

/// <summary>Says in people's words why a peer could not be reached; the one place where gRPC's, TLS's and the sockets' errors are translated.</summary>
internal static class PeerFailure
{
    /// <summary>Whether an error is one that the network or the peer can cause.</summary>
    public static bool IsOne(Exception e) => e is
        RpcException or HttpRequestException or IOException or SocketException or AuthenticationException
        or OperationCanceledException or InvalidOperationException or InvalidDataException or UriFormatException;

    /// <summary>Translates an error.</summary>
    /// <param name="e">What came out of the call.</param>
    /// <param name="operation">What was tried, as in "cannot …".</param>
    /// <param name="address">The peer's address.</param>
    /// <param name="hint">What to check when certificates do not fit.</param>
    public static PeerUnreachableException From(Exception e, string operation, string address, string hint)
    {
        if (e is PeerUnreachableException already)
        {
            return already;
        }

        if (e is FollowerEndedException ended)
        {
            return Make($"Cannot {operation} at {address}: {ended.Reason}");
        }

        var causes = Causes(e).ToList();
        var status = e as RpcException;
        if (causes.OfType<PeerCertificateException>().FirstOrDefault() is { } certificate)
        {
            return Make($"The node at {address} is not of this cluster: {certificate.Message}.");
        }

        if (causes.OfType<SocketException>().FirstOrDefault() is { } socket)
        {
            return new(
                socket.SocketErrorCode == SocketError.ConnectionRefused
                    ? $"Cannot {operation}: nobody listens at {address}."
                    : $"Cannot {operation}: no connection to {address} ({socket.Message}).",
                e)
            {
                Refused = socket.SocketErrorCode == SocketError.ConnectionRefused,
            };
        }

        if (causes.OfType<AuthenticationException>().FirstOrDefault() is { } tls)
        {
            return Make($"Cannot {operation}: TLS with {address} failed ({tls.Message.TrimEnd('.')}). Check that this is the node.address of a node, and that {hint}.");
        }

        if (status is { StatusCode: StatusCode.FailedPrecondition })
        {
            return Make($"Cannot {operation} at {address}: {status.Status.Detail}");
        }

        // With TLS 1.3 a caller learns of the refusal of its own certificate only by the end of the connection.
        return Make(
            causes.OfType<IOException>().Any()
                ? $"Cannot {operation}: {address} ended the connection ({causes[^1].Message.TrimEnd('.')}). If it does so at once, its log may say why; check that {hint}."
                : string.Create(CultureInfo.InvariantCulture, $"Cannot {operation} at {address}: {(status is null ? e.Message : $"{status.Status.Detail} ({status.StatusCode})")}"));

        PeerUnreachableException Make(string message) => new(message, e);
    }

    // gRPC keeps the cause of a status in the status, beside the inner exception.
    private static IEnumerable<Exception> Causes(Exception e)
    {
        for (Exception? one = e; one is not null; one = one.InnerException ?? (one as RpcException)?.Status.DebugException)
        {
            yield return one;
        }
    }
}
