using Skerry.Storage.Sqlite;

namespace Skerry.Objects;

/// <summary>What <see cref="SqlStorage"/> and <see cref="KvStorage"/> need of the object they belong to.</summary>
internal interface ISqlHost : IBeforeWrite
{
    /// <summary>The open connection; opens it if needed.</summary>
    /// <exception cref="InvalidOperationException">Not on the object's loop.</exception>
    SqliteDatabase Database { get; }

    /// <summary>As <see cref="IBeforeWrite.BeforeWrite"/>; with <paramref name="allowUnconfirmed"/> nothing waits for this write.</summary>
    void BeforeWrite(bool allowUnconfirmed);

    /// <summary>SQLite rolled everything back by itself: the object must be dropped.</summary>
    void EngineFailed(Exception error);

    /// <summary>Tells the object if an error rolled its transaction back: it would go on from a state that is gone.</summary>
    void Note(Exception error)
    {
        if (error is SqliteException { DatabaseLost: true })
        {
            EngineFailed(error);
        }
    }
}
