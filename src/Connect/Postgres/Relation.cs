namespace Millrace.Connect.Postgres;

/// <summary>A table as the stream describes it before its first change and after each DDL.</summary>
internal sealed record Relation(
    uint Id, string Schema, string Name, char ReplicaIdentity, IReadOnlyList<RelationColumn> Columns);

/// <param name="InIdentity">Part of the replica identity; true for all columns under FULL.</param>
internal sealed record RelationColumn(string Name, uint TypeOid, int TypMod, bool InIdentity);
