using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Skerry.Server.Hosting;

/// <summary>
/// Marks a connection that came in on the management API's listener. The mark sits on the connection and not in the
/// <c>Host</c> header, which the client chooses, nor in the port, which both listeners may share on two interfaces.
/// </summary>
internal sealed class ManagementConnection
{
    private static readonly ManagementConnection Mark = new();

    private ManagementConnection()
    {
    }

    /// <summary>Marks every connection of a listener.</summary>
    public static void MarkAll(ListenOptions options) => options.Use(next => connection =>
    {
        connection.Features.Set(Mark);
        return next(connection);
    });

    /// <summary>Whether the request came in on a marked connection.</summary>
    public static bool Carries(HttpContext http) => http.Features.Get<ManagementConnection>() is not null;
}
