using System.Globalization;
using Skerry.Accounts;
using Skerry.Accounts.Audit;
using Skerry.Objects;
using Skerry.Server.Management.Api;
using Skerry.Server.Management.Requests;

namespace Skerry.Server.Management.Audit;

/// <summary>Accounts' audit logs: reading, and proving that nothing in them was changed.</summary>
internal sealed class AuditRoutes(DurableObjectNamespace<IAccount> accounts)
{
    private const int LimitDefault = 100;

    /// <summary>Adds the routes.</summary>
    public void AddTo(ApiRoutes routes)
    {
        routes.Add("audit-logs-v2-get-account-audit-logs", List);
        routes.Add("skerry-audit-verify", Verify);
    }

    /// <summary>Answers with a part of a log.</summary>
    public static async Task Answer(HttpContext http, ITokenHolder holder, AuditAccountResult owner)
    {
        var query = new AuditQuery(
            Query.Time(http, "since"),
            Query.Time(http, "before"),
            Query.Text(http, "action_type"),
            Query.Text(http, "resource_type"),
            Query.Text(http, "resource_id"),
            Query.Text(http, "actor_token_id"),
            Query.Word(http, "direction", "desc", "asc") == "asc",
            Cursor(http),
            Query.Whole(http, "limit", LimitDefault, 1, AuditQuery.LimitMax));
        var page = await holder.ReadAudit(query);
        var next = page.Next?.ToString(CultureInfo.InvariantCulture);
        await EnvelopeResponse.Success(
            http,
            ManagementJson.Readable.EnvelopeIReadOnlyListAuditResult,
            [.. page.Entries.Select(entry => AuditResult.Of(entry, owner))],
            new() { Count = page.Entries.Count, Cursor = next ?? "", Cursors = new(next) });
    }

    private async Task List(HttpContext http)
    {
        var account = accounts.GetByName(http.AccountId());
        await Answer(http, account, new(http.AccountId(), (await account.Get())?.Name ?? ""));
    }

    private async Task Verify(HttpContext http)
    {
        var from = await RequestBody.ReadAsync(http, ManagementJson.Readable.AuditProofRequest);
        AuditProof? proof = from.Entries is null && from.Head is null ? null
            : from is { Entries: >= 0 and var entries, Head: { Length: 64 } head } ? new(entries, head.ToLowerInvariant(), false, null)
            : throw new RequestException(
                StatusCodes.Status400BadRequest,
                ErrorCodes.InvalidBody,
                "entries and head: accepted are both, as an earlier answer has them (head is 64 hexadecimal digits), or neither, to begin at the first entry.");
        var found = await accounts.GetByName(http.AccountId()).VerifyAudit(proof);
        await EnvelopeResponse.Success(
            http, ManagementJson.Readable.EnvelopeAuditProofResult, new(found.Entries, found.Head, found.IsComplete, found.Holds, found.Problem));
    }

    private static long? Cursor(HttpContext http) => Query.Text(http, "cursor") is not { } text ? null
        : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var after) ? after
        : throw Query.NotAccepted("cursor", text, "the cursor of the answer before, or none");
}
