BEGIN TRANSACTION;
CREATE TABLE about (
	name TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "about" VALUES('version','1');
CREATE TABLE deliveries (
	delivery_id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	run_id TEXT NOT NULL, 
	sync TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	operation TEXT NOT NULL, 
	remote_id TEXT, 
	fields TEXT NOT NULL, 
	batch_id TEXT NOT NULL, 
	attempt INTEGER NOT NULL, 
	intent_at TEXT NOT NULL, 
	outcome TEXT NOT NULL, 
	outcome_at TEXT NOT NULL, 
	error_code TEXT, 
	error_field TEXT, 
	CHECK (operation = 'create' or operation = 'adopt' or operation = 'update' or operation = 'archive' or operation = 'delete'), 
	CHECK (outcome = 'written' or outcome = 'rejected' or outcome = 'not_written' or outcome = 'gone')
);
INSERT INTO "deliveries" VALUES(7,'r1','contacts','p1','create','77','["name"]','b1',1,'2026-05-01T08:00:00.000000Z','written','2026-05-01T08:00:00.000000Z',NULL,NULL);
CREATE TABLE delivery_values (
	delivery_id INTEGER NOT NULL, 
	payload TEXT NOT NULL, 
	"before" TEXT, 
	message TEXT, 
	PRIMARY KEY (delivery_id)
);
INSERT INTO "delivery_values" VALUES(7,'{"name": "张三"}',NULL,NULL);
CREATE TABLE erasures (
	erasure_id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	sync TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	erased_at TEXT NOT NULL, 
	deliveries INTEGER NOT NULL
);
CREATE TABLE intents (
	batch_id TEXT NOT NULL, 
	run_id TEXT NOT NULL, 
	sync TEXT NOT NULL, 
	operation TEXT NOT NULL, 
	intent_at TEXT NOT NULL, 
	records INTEGER NOT NULL, 
	attempts TEXT NOT NULL, 
	receipt TEXT, 
	PRIMARY KEY (batch_id)
);
CREATE TABLE leases (
	sync TEXT NOT NULL, 
	run_id TEXT NOT NULL, 
	host TEXT NOT NULL, 
	pid INTEGER NOT NULL, 
	process_started TEXT NOT NULL, 
	taken_at TEXT NOT NULL, 
	PRIMARY KEY (sync)
);
CREATE TABLE records (
	sync TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	destination TEXT NOT NULL, 
	object TEXT NOT NULL, 
	remote_id TEXT NOT NULL, 
	origin TEXT NOT NULL, 
	state TEXT NOT NULL, 
	fingerprint TEXT, 
	sent TEXT NOT NULL, 
	observed TEXT, 
	changed_at TEXT NOT NULL, 
	run_id TEXT NOT NULL, 
	PRIMARY KEY (sync, "key"), 
	CHECK (origin = 'created' or origin = 'adopted'), 
	CHECK (state = 'live' or state = 'archived' or state = 'deleted')
);
INSERT INTO "records" VALUES('contacts','p1','shop','contacts','77','created','live','f1','{"name": "张三"}',NULL,'2026-05-01T08:00:00.000000Z','r1');
CREATE TABLE rejects (
	sync TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	state TEXT NOT NULL, 
	since TEXT NOT NULL, 
	last_at TEXT NOT NULL, 
	attempts INTEGER NOT NULL, 
	operation TEXT NOT NULL, 
	error_code TEXT NOT NULL, 
	error_field TEXT, 
	fingerprint TEXT, 
	run_id TEXT NOT NULL, 
	delivery_id INTEGER NOT NULL, 
	PRIMARY KEY (sync, "key"), 
	CHECK (state = 'waiting' or state = 'resolved')
);
CREATE TABLE runs (
	run_id TEXT NOT NULL, 
	sync TEXT NOT NULL, 
	command TEXT NOT NULL, 
	status TEXT NOT NULL, 
	started_at TEXT NOT NULL, 
	finished_at TEXT, 
	plan_id TEXT, 
	mapping_hash TEXT, 
	invocation_id TEXT, 
	counts TEXT, 
	message TEXT, 
	PRIMARY KEY (run_id), 
	CHECK (status = 'running' or status = 'done' or status = 'partial' or status = 'failed' or status = 'stopped' or status = 'interrupted')
);
INSERT INTO "runs" VALUES('r1','contacts','apply','done','2026-05-01T08:00:00.000000Z','2026-05-01T08:00:00.000000Z',NULL,'m','i','{}',NULL);
CREATE INDEX runs_by_sync ON runs (sync, started_at);
CREATE INDEX deliveries_by_key ON deliveries (sync, "key");
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('deliveries',9);
COMMIT;
