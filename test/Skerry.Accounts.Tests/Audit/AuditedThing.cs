using Skerry.Accounts.Audit;
using Skerry.Objects;

namespace Skerry.Accounts.Tests.Audit;

/// <summary>An object with nothing but an audit log, which somebody with access to its database may change.</summary>
public interface IAuditedThing : IDurableObject
{
    Task Add(AuditEntry entry);

    Task Tamper(string sql);

    Task<AuditPage> Read(AuditQuery query);

    Task<AuditProof> Verify(AuditProof? after);
}

/// <inheritdoc cref="IAuditedThing"/>
public sealed class AuditedThing : DurableObject, IAuditedThing
{
    private readonly AuditLog _log;

    public AuditedThing()
    {
        if (Sql.Exec<long>("SELECT count(*) FROM sqlite_schema WHERE name = 'audit'").One() == 0)
        {
            AuditLog.Create(Sql);
        }

        _log = new(Sql);
    }

    public Task Add(AuditEntry entry)
    {
        _log.Add(entry);
        return Task.CompletedTask;
    }

    public Task Tamper(string sql)
    {
        Sql.Exec(sql);
        return Task.CompletedTask;
    }

    public Task<AuditPage> Read(AuditQuery query) => Task.FromResult(_log.Read(query));

    public Task<AuditProof> Verify(AuditProof? after) => Task.FromResult(_log.Verify(after));
}
