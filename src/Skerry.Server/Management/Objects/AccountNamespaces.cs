using Skerry.Objects;
using Skerry.Server.Credentials;
using Skerry.Server.Management.Api;
using Skerry.Server.Management.Requests;
using Skerry.Server.Node;

namespace Skerry.Server.Management.Objects;

/// <summary>Which durable object namespaces an account has. The classes built into the nodes are those of the cluster's first account.</summary>
internal sealed class AccountNamespaces(NodeStatus node, ClusterAccount cluster)
{
    /// <summary>The namespaces of the account in a request's path: name and class.</summary>
    public async ValueTask<IEnumerable<(string Name, string Class)>> ListAsync(HttpContext http) =>
        (await cluster.OpenAsync()).AccountId == http.AccountId() ? node.PublicNamespaces() : [];

    /// <summary>The name of the namespace whose id is in the path.</summary>
    /// <exception cref="RequestException">The account has none with this id.</exception>
    public async ValueTask<string> FindAsync(HttpContext http)
    {
        var id = (string)http.Request.RouteValues["id"]!;
        return (await ListAsync(http)).Select(static one => one.Name).FirstOrDefault(one => NamespaceId.Of(one) == id)
            ?? throw new RequestException(StatusCodes.Status404NotFound, ErrorCodes.NoSuchResource, $"There is no namespace {id}; list the namespaces to see their ids.");
    }
}
