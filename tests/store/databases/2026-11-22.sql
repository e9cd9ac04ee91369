BEGIN TRANSACTION;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'modemgw','0001_messages','2026-11-25 10:30:36.716605+00:00');
INSERT INTO "_sqlite_migrations" VALUES(2,'modemgw','0002_inbound','2026-11-25 10:30:36.735489+00:00');
INSERT INTO "_sqlite_migrations" VALUES(3,'modemgw','0003_events_keys','2026-11-25 10:30:36.743434+00:00');
CREATE TABLE answers (
            key TEXT NOT NULL,
            idempotency_key TEXT NOT NULL,
            fingerprint TEXT NOT NULL,
            body BLOB NOT NULL,
            created_at REAL NOT NULL,
            PRIMARY KEY (key, idempotency_key)
        ) WITHOUT ROWID;
INSERT INTO "answers" VALUES('shop','batch-1','c8bddcbfbbb7d828c3544ac3a990cb1b37b08e3a70092683972ac5b2a18b316a',X'7B226964223A226261745F3031613231323431666162613430386430616563353638386132323161633435222C226163636570746564223A31322C2272656A6563746564223A5B5D7D',1.79560264364325070378e+09);
CREATE TABLE attempts (
            message INTEGER NOT NULL,
            part INTEGER NOT NULL,
            n INTEGER NOT NULL,
            state TEXT NOT NULL,
            modem TEXT NOT NULL,
            sim TEXT NOT NULL,
            to_number TEXT NOT NULL,
            to_tail TEXT NOT NULL,
            reference INTEGER,
            started_at REAL NOT NULL,
            ended_at REAL,
            duplicate_risk INTEGER NOT NULL,
            error_code TEXT,
            error_detail TEXT,
            error_permanent INTEGER,
            tp_status INTEGER,
            report_at REAL,
            sc_time REAL,
            discharge_time REAL,
            PRIMARY KEY (message, part, n)
        ) WITHOUT ROWID;
INSERT INTO "attempts" VALUES(1,1,1,'accepted','m0','8999901000000000013','+447700800001','0800001',0,1.79560263971462607387e+09,1.79560264002748441692e+09,0,NULL,NULL,NULL,0,1.79560264008246731753e+09,1795602640.0,1795602640.0);
INSERT INTO "attempts" VALUES(2,1,1,'accepted','m1','8999901000000000021','+447700800002','0800002',0,1.79560264012950968745e+09,1.79560264043574881556e+09,0,NULL,NULL,NULL,0,1.79560264048732089996e+09,1795602640.0,1795602640.0);
INSERT INTO "attempts" VALUES(2,2,1,'accepted','m1','8999901000000000021','+447700800002','0800002',1,1.79560264043577909472e+09,1.79560264059186053273e+09,0,NULL,NULL,NULL,0,1.79560264064288353921e+09,1795602640.0,1795602640.0);
INSERT INTO "attempts" VALUES(3,1,1,'accepted','m0','8999901000000000013','+447700800003','0800003',1,1.79560264066863894461e+09,1.7956026409804737568e+09,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "attempts" VALUES(4,1,1,'refused','m1','8999901000000000021','+199901001001','1001001',NULL,1.79560264100664377208e+09,1.79560264116587376594e+09,0,'cms-1','+CMS ERROR: 1 (unassigned number; if every recipient gets it, the SMSC address is wrong)',1,NULL,NULL,NULL,NULL);
INSERT INTO "attempts" VALUES(5,1,1,'accepted','m0','8999901000000000013','+447700800004','0800004',2,1.79560264103416800498e+09,1.79560264134441852565e+09,0,NULL,NULL,NULL,0,1.79560264140185594562e+09,1795602641.0,1795602641.0);
INSERT INTO "attempts" VALUES(8,1,1,'accepted','m1','8999901000000000021','+447700900556','0900556',3,1.79560264118307065959e+09,1.79560264134515404702e+09,0,NULL,NULL,NULL,0,1.79560264140185594562e+09,1795602641.0,1795602641.0);
INSERT INTO "attempts" VALUES(9,1,1,'submitting','m0','8999901000000000013','+447700800007','0800007',NULL,1.79560264313620114324e+09,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "attempts" VALUES(10,1,1,'accepted','m1','8999901000000000021','+447700800100','0800100',4,1.79560264364464020731e+09,1.79560264379829740526e+09,0,NULL,NULL,NULL,0,1.79560264384831094744e+09,1795602643.0,1795602643.0);
INSERT INTO "attempts" VALUES(11,1,1,'accepted','m1','8999901000000000021','+447700800101','0800101',5,1.79560264379837584494e+09,1.79560264395145320896e+09,0,NULL,NULL,NULL,0,1.79560264400253081322e+09,1795602643.0,1795602644.0);
INSERT INTO "attempts" VALUES(12,1,1,'submitting','m1','8999901000000000021','+447700800102','0800102',NULL,1.79560264395151638989e+09,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE batches (
            id TEXT PRIMARY KEY,
            key TEXT NOT NULL,
            created_at REAL NOT NULL,
            accepted INTEGER NOT NULL,
            rejected INTEGER NOT NULL
        ) WITHOUT ROWID;
INSERT INTO "batches" VALUES('bat_01a21241faba408d0aec5688a221ac45','shop',1.79560264364296054842e+09,12,0);
CREATE TABLE events (
            id INTEGER PRIMARY KEY,
            type TEXT NOT NULL,
            at REAL NOT NULL,
            data TEXT NOT NULL
        );
INSERT INTO "events" VALUES(1,'message.queued',1.79560263930415081982e+09,'{"id":"msg_01a21241e9c467808fbfb8963cd78462","status":"queued"}');
INSERT INTO "events" VALUES(2,'modem.ready',1.79560263971489763256e+09,'{"modem":"m0"}');
INSERT INTO "events" VALUES(3,'modem.ready',1.7956026397219917774e+09,'{"modem":"m1"}');
INSERT INTO "events" VALUES(4,'message.sent',1.79560264002764558791e+09,'{"id":"msg_01a21241e9c467808fbfb8963cd78462","status":"sent"}');
INSERT INTO "events" VALUES(5,'message.delivered',1.79560264008246731753e+09,'{"id":"msg_01a21241e9c467808fbfb8963cd78462","status":"delivered"}');
INSERT INTO "events" VALUES(6,'message.queued',1.79560264012800931934e+09,'{"id":"msg_01a21241ecff56cb582cad5149fc4b42","status":"queued"}');
INSERT INTO "events" VALUES(7,'message.sent',1.79560264059200096133e+09,'{"id":"msg_01a21241ecff56cb582cad5149fc4b42","status":"sent"}');
INSERT INTO "events" VALUES(8,'message.delivered',1.79560264064288353921e+09,'{"id":"msg_01a21241ecff56cb582cad5149fc4b42","status":"delivered"}');
INSERT INTO "events" VALUES(9,'message.queued',1.79560264066696023939e+09,'{"id":"msg_01a21241ef1ad61a0af7ee94e9ba649b","status":"queued"}');
INSERT INTO "events" VALUES(10,'message.sent',1.7956026409806051255e+09,'{"id":"msg_01a21241ef1ad61a0af7ee94e9ba649b","status":"sent"}');
INSERT INTO "events" VALUES(11,'message.queued',1.79560264100005936623e+09,'{"id":"msg_01a21241f06751d96b61533edf38211d","status":"queued"}');
INSERT INTO "events" VALUES(12,'message.queued',1.79560264101756143564e+09,'{"id":"msg_01a21241f078667e6ff140d69671e5a3","status":"queued"}');
INSERT INTO "events" VALUES(13,'message.canceled',1.79560264106591701508e+09,'{"id":"msg_01a21241f09d50c2d027c8bbc1605a5c","status":"canceled"}');
INSERT INTO "events" VALUES(14,'message.failed',1.7956026411661665439e+09,'{"id":"msg_01a21241f06751d96b61533edf38211d","status":"failed","error":{"code":"cms-1","detail":"+CMS ERROR: 1 (unassigned number; if every recipient gets it, the SMSC address is wrong)","permanent":true}}');
INSERT INTO "events" VALUES(15,'inbound.received',1.79560264117470836644e+09,'{"id":"in_01a21241f116f205f25b5f2200d5ec87","from":"+447700900556","to":"+447700900002","modem":"m1","complete":true}');
INSERT INTO "events" VALUES(16,'message.queued',1795602641.17894,'{"id":"msg_01a21241f11a2eeef6371273f3d49fd9","status":"queued"}');
INSERT INTO "events" VALUES(17,'message.sent',1.79560264134461164474e+09,'{"id":"msg_01a21241f078667e6ff140d69671e5a3","status":"sent"}');
INSERT INTO "events" VALUES(18,'inbound.received',1.79560264134676146512e+09,'{"id":"in_01a21241f1c28b23b79765469493ddaa","from":"+447700900555","to":"+447700900001","modem":"m0","complete":true}');
INSERT INTO "events" VALUES(19,'message.sent',1.79560264134676146512e+09,'{"id":"msg_01a21241f11a2eeef6371273f3d49fd9","status":"sent"}');
INSERT INTO "events" VALUES(20,'message.delivered',1.79560264140185594562e+09,'{"id":"msg_01a21241f078667e6ff140d69671e5a3","status":"delivered"}');
INSERT INTO "events" VALUES(21,'message.delivered',1.79560264140185594562e+09,'{"id":"msg_01a21241f11a2eeef6371273f3d49fd9","status":"delivered"}');
INSERT INTO "events" VALUES(22,'message.queued',1.79560264309945607184e+09,'{"id":"msg_01a21241f8961b3193d615f962bb81ae","status":"queued"}');
INSERT INTO "events" VALUES(23,'message.queued',1.79560264364325070378e+09,'{"id":"msg_01a21241faba759b71d8466731639a02","status":"queued"}');
INSERT INTO "events" VALUES(24,'message.queued',1.79560264364325070378e+09,'{"id":"msg_01a21241faba759b794b6b9aefe4916d","status":"queued"}');
INSERT INTO "events" VALUES(25,'message.queued',1.79560264364325070378e+09,'{"id":"msg_01a21241faba759b7d2b9fb2e042cd1e","status":"queued"}');
INSERT INTO "events" VALUES(26,'message.queued',1.79560264364325070378e+09,'{"id":"msg_01a21241faba759b86a2fb7715b6ab37","status":"queued"}');
INSERT INTO "events" VALUES(27,'message.queued',1.79560264364325070378e+09,'{"id":"msg_01a21241faba759b88a08859416d23e4","status":"queued"}');
INSERT INTO "events" VALUES(28,'message.queued',1.79560264364325070378e+09,'{"id":"msg_01a21241faba759b909503dea0dda885","status":"queued"}');
INSERT INTO "events" VALUES(29,'message.queued',1.79560264364325070378e+09,'{"id":"msg_01a21241faba759b9f5da8bf50348e27","status":"queued"}');
INSERT INTO "events" VALUES(30,'message.queued',1.79560264364325070378e+09,'{"id":"msg_01a21241faba759ba012c5cfc9be1f7e","status":"queued"}');
INSERT INTO "events" VALUES(31,'message.queued',1.79560264364325070378e+09,'{"id":"msg_01a21241faba759ba0f4729696e541bf","status":"queued"}');
INSERT INTO "events" VALUES(32,'message.queued',1.79560264364325070378e+09,'{"id":"msg_01a21241faba759ba7f250175099fb56","status":"queued"}');
INSERT INTO "events" VALUES(33,'message.queued',1.79560264364325070378e+09,'{"id":"msg_01a21241faba759bb2076ca9555bfeda","status":"queued"}');
INSERT INTO "events" VALUES(34,'message.queued',1.79560264364325070378e+09,'{"id":"msg_01a21241faba759bb63def1899688cbb","status":"queued"}');
INSERT INTO "events" VALUES(35,'message.sent',1.79560264379862713816e+09,'{"id":"msg_01a21241faba759b71d8466731639a02","status":"sent"}');
INSERT INTO "events" VALUES(36,'message.delivered',1.79560264384831094744e+09,'{"id":"msg_01a21241faba759b71d8466731639a02","status":"delivered"}');
INSERT INTO "events" VALUES(37,'message.sent',1.79560264395169973377e+09,'{"id":"msg_01a21241faba759b794b6b9aefe4916d","status":"sent"}');
INSERT INTO "events" VALUES(38,'message.delivered',1.79560264400253081322e+09,'{"id":"msg_01a21241faba759b794b6b9aefe4916d","status":"delivered"}');
CREATE TABLE handlings (
            inbound INTEGER NOT NULL,
            handler TEXT NOT NULL,
            state TEXT NOT NULL,
            tries INTEGER NOT NULL,
            next_at REAL NOT NULL,
            problem TEXT,
            PRIMARY KEY (inbound, handler)
        ) WITHOUT ROWID;
INSERT INTO "handlings" VALUES(1,'2:webhook','pending',1,1.79560264665383219721e+09,'Cannot connect to host 127.0.0.1:9 ssl:default [Connect call failed (''127.0.0.1'', 9)]');
INSERT INTO "handlings" VALUES(1,'3:reply','done',1,1.79560264117470836644e+09,NULL);
INSERT INTO "handlings" VALUES(2,'1:webhook','pending',1,1.79560264577560806274e+09,'Cannot connect to host 127.0.0.1:9 ssl:default [Connect call failed (''127.0.0.1'', 9)]');
INSERT INTO "handlings" VALUES(2,'2:webhook','pending',1,1.79560264707836246492e+09,'Cannot connect to host 127.0.0.1:9 ssl:default [Connect call failed (''127.0.0.1'', 9)]');
CREATE TABLE inbound (
            n INTEGER PRIMARY KEY,
            id TEXT NOT NULL,
            sender TEXT NOT NULL,
            to_number TEXT,
            text TEXT,
            data BLOB,
            encoding TEXT NOT NULL,
            parts_total INTEGER NOT NULL,
            complete INTEGER NOT NULL,
            modem TEXT NOT NULL,
            sim TEXT NOT NULL,
            sent_at REAL,
            received_at REAL NOT NULL,
            message_class INTEGER,
            ports TEXT,
            problem TEXT
        );
INSERT INTO "inbound" VALUES(1,'in_01a21241f116f205f25b5f2200d5ec87','+447700900556','+447700900002','PING',NULL,'gsm7',1,1,'m1','8999901000000000021',1795602641.0,1.79560264117470836644e+09,NULL,NULL,NULL);
INSERT INTO "inbound" VALUES(2,'in_01a21241f1c28b23b79765469493ddaa','+447700900555','+447700900001','STATUS please',NULL,'gsm7',1,1,'m0','8999901000000000013',1795602641.0,1.79560264134676146512e+09,NULL,NULL,NULL);
CREATE TABLE inbound_parts (
            n INTEGER PRIMARY KEY,
            digest BLOB NOT NULL,
            inbound INTEGER,
            modem TEXT NOT NULL,
            sim TEXT NOT NULL,
            tpdu BLOB NOT NULL,
            sender TEXT NOT NULL,
            set_key TEXT,
            sequence INTEGER NOT NULL,
            total INTEGER NOT NULL,
            received_at REAL NOT NULL
        );
INSERT INTO "inbound_parts" VALUES(1,X'A25931B82D2F4261244BA5853C2F13CDBC6F15F5F50CC47F3B8FB93DB394BBD3',1,'m1','8999901000000000021',X'040C9144770009506500006211520103140004D0A4F308','+447700900556',NULL,1,1,1.79560264117470836644e+09);
INSERT INTO "inbound_parts" VALUES(2,X'019794623ED10DB8D7C9A018FE6DC01B898269A8FF24EDA16A48214CB8B17A02',NULL,'m1','8999901000000000021',X'440C91447700095075000062115201031400A0050003030201E061391DF4769741613719040FCBE920FAFD0D7A9B416110BD8CA783E061391DF4769741613719040FCBE920FAFD0D7A9B416110BD8CA783E061391DF4769741613719040FCBE920FAFD0D7A9B416110BD8CA783E061391DF4769741613719040FCBE920FAFD0D7A9B416110BD8CA783E061391DF4769741613719040FCBE920FAFD0D7A9B41','+447700900557','8999901000000000021/+447700900557/8/3/2',1,2,1795602641.17894);
INSERT INTO "inbound_parts" VALUES(3,X'24144384C1D7CE66E33FD9BB1D758EA580B72FDBC62F84B98178BACB9008C570',2,'m0','8999901000000000013',X'040C914477000950550000621152010314000D536A905A9D82E0EC72785E06','+447700900555',NULL,1,1,1.79560264134676146512e+09);
CREATE TABLE keys (
            name TEXT PRIMARY KEY,
            hash BLOB NOT NULL UNIQUE,
            scopes TEXT NOT NULL,
            created_at REAL NOT NULL,
            revoked_at REAL
        ) WITHOUT ROWID;
INSERT INTO "keys" VALUES('gone',X'787C087311C56425AA8728D840B389234EE8ADE25E117A106FCE6D287F6A433F','send',1.79560263676126241681e+09,1.7956026367770953179e+09);
INSERT INTO "keys" VALUES('shop',X'240BB4558D2A8E349BD4BD5989C2E8C4105B44F277CA97E2ECB1516C79674317','send read inbound',1.79560263674492383008e+09,NULL);
CREATE TABLE messages (
            n INTEGER PRIMARY KEY,
            id TEXT NOT NULL,
            to_number TEXT NOT NULL,
            text TEXT,
            data BLOB,
            ports TEXT,
            type TEXT NOT NULL,
            status TEXT NOT NULL,
            encoding TEXT NOT NULL,
            message_class INTEGER,
            receipt INTEGER NOT NULL,
            parts INTEGER NOT NULL,
            route TEXT NOT NULL,
            modem TEXT,
            key TEXT NOT NULL,
            reference TEXT,
            callback_url TEXT,
            batch TEXT,
            tags TEXT,
            created_at REAL NOT NULL,
            updated_at REAL NOT NULL,
            send_at REAL,
            expires_at REAL NOT NULL,
            error_code TEXT,
            error_detail TEXT,
            error_permanent INTEGER,
            receipt_overdue INTEGER NOT NULL DEFAULT 0
        );
INSERT INTO "messages" VALUES(1,'msg_01a21241e9c467808fbfb8963cd78462','+447700800001','hello',NULL,NULL,'transactional','delivered','gsm7',NULL,1,1,'default',NULL,'shop',NULL,NULL,NULL,NULL,1.79560263930085921291e+09,1.79560264008246731753e+09,NULL,1.79577543930085921286e+09,NULL,NULL,NULL,0);
INSERT INTO "messages" VALUES(2,'msg_01a21241ecff56cb582cad5149fc4b42','+447700800002','long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long ',NULL,NULL,'transactional','delivered','gsm7',NULL,1,2,'default',NULL,'shop',NULL,NULL,NULL,NULL,1.79560264012776112552e+09,1.79560264064288353921e+09,NULL,1.7957754401277611256e+09,NULL,NULL,NULL,0);
INSERT INTO "messages" VALUES(3,'msg_01a21241ef1ad61a0af7ee94e9ba649b','+447700800003','hello',NULL,NULL,'transactional','sent','gsm7',NULL,0,1,'default',NULL,'shop',NULL,NULL,NULL,NULL,1.79560264066676092149e+09,1.7956026409806051255e+09,NULL,1.79577544066676092144e+09,NULL,NULL,NULL,0);
INSERT INTO "messages" VALUES(4,'msg_01a21241f06751d96b61533edf38211d','+199901001001','hello',NULL,NULL,'transactional','failed','gsm7',NULL,1,1,'default',NULL,'shop',NULL,NULL,NULL,NULL,1.79560264099986481665e+09,1.7956026411661665439e+09,NULL,1.7957754409998648166e+09,'cms-1','+CMS ERROR: 1 (unassigned number; if every recipient gets it, the SMSC address is wrong)',1,0);
INSERT INTO "messages" VALUES(5,'msg_01a21241f078667e6ff140d69671e5a3','+447700800004','hello',NULL,NULL,'transactional','delivered','gsm7',NULL,1,1,'default',NULL,'shop',NULL,NULL,NULL,NULL,1.79560264101681017877e+09,1.79560264140185594562e+09,NULL,1.79577544101681017872e+09,NULL,NULL,NULL,0);
INSERT INTO "messages" VALUES(6,'msg_01a21241f08ba8f36a7b0fedce24e932','+447700800005','hello',NULL,NULL,'transactional','scheduled','gsm7',NULL,1,1,'default',NULL,'shop',NULL,NULL,NULL,NULL,1.79560264103597712519e+09,1.79560264103597712519e+09,1795689041.0,1795861841.0,NULL,NULL,NULL,0);
INSERT INTO "messages" VALUES(7,'msg_01a21241f09d50c2d027c8bbc1605a5c','+447700800006','hello',NULL,NULL,'transactional','canceled','gsm7',NULL,1,1,'default',NULL,'shop',NULL,NULL,NULL,NULL,1.79560264105361604689e+09,1.79560264106591701508e+09,1795689041.0,1795861841.0,NULL,NULL,NULL,0);
INSERT INTO "messages" VALUES(8,'msg_01a21241f11a2eeef6371273f3d49fd9','+447700900556','pong',NULL,NULL,'transactional','delivered','gsm7',NULL,1,1,'default','m1','handler',NULL,NULL,NULL,NULL,1.79560264117845487597e+09,1.79560264140185594562e+09,NULL,1.79577544117845487592e+09,NULL,NULL,NULL,0);
INSERT INTO "messages" VALUES(9,'msg_01a21241f8961b3193d615f962bb81ae','+447700800007','hello',NULL,NULL,'transactional','sending','gsm7',NULL,1,1,'default','m0','shop',NULL,NULL,NULL,NULL,1.79560264309489631649e+09,1.79560264313646483422e+09,NULL,1.79577544309489631657e+09,NULL,NULL,NULL,0);
INSERT INTO "messages" VALUES(10,'msg_01a21241faba759b71d8466731639a02','+447700800100','to many',NULL,NULL,'transactional','delivered','gsm7',NULL,1,1,'default',NULL,'shop',NULL,NULL,'bat_01a21241faba408d0aec5688a221ac45',NULL,1.79560264364296054842e+09,1.79560264384831094744e+09,NULL,1.79577544364296054837e+09,NULL,NULL,NULL,0);
INSERT INTO "messages" VALUES(11,'msg_01a21241faba759b794b6b9aefe4916d','+447700800101','to many',NULL,NULL,'transactional','delivered','gsm7',NULL,1,1,'default',NULL,'shop',NULL,NULL,'bat_01a21241faba408d0aec5688a221ac45',NULL,1.79560264364296054842e+09,1.79560264400253081322e+09,NULL,1.79577544364296054837e+09,NULL,NULL,NULL,0);
INSERT INTO "messages" VALUES(12,'msg_01a21241faba759b7d2b9fb2e042cd1e','+447700800102','to many',NULL,NULL,'transactional','sending','gsm7',NULL,1,1,'default',NULL,'shop',NULL,NULL,'bat_01a21241faba408d0aec5688a221ac45',NULL,1.79560264364296054842e+09,1.79560264395169973377e+09,NULL,1.79577544364296054837e+09,NULL,NULL,NULL,0);
INSERT INTO "messages" VALUES(13,'msg_01a21241faba759b86a2fb7715b6ab37','+447700800103','to many',NULL,NULL,'transactional','queued','gsm7',NULL,1,1,'default',NULL,'shop',NULL,NULL,'bat_01a21241faba408d0aec5688a221ac45',NULL,1.79560264364296054842e+09,1.79560264364296054842e+09,NULL,1.79577544364296054837e+09,NULL,NULL,NULL,0);
INSERT INTO "messages" VALUES(14,'msg_01a21241faba759b88a08859416d23e4','+447700800104','to many',NULL,NULL,'transactional','queued','gsm7',NULL,1,1,'default',NULL,'shop',NULL,NULL,'bat_01a21241faba408d0aec5688a221ac45',NULL,1.79560264364296054842e+09,1.79560264364296054842e+09,NULL,1.79577544364296054837e+09,NULL,NULL,NULL,0);
INSERT INTO "messages" VALUES(15,'msg_01a21241faba759b909503dea0dda885','+447700800105','to many',NULL,NULL,'transactional','queued','gsm7',NULL,1,1,'default',NULL,'shop',NULL,NULL,'bat_01a21241faba408d0aec5688a221ac45',NULL,1.79560264364296054842e+09,1.79560264364296054842e+09,NULL,1.79577544364296054837e+09,NULL,NULL,NULL,0);
INSERT INTO "messages" VALUES(16,'msg_01a21241faba759b9f5da8bf50348e27','+447700800106','to many',NULL,NULL,'transactional','queued','gsm7',NULL,1,1,'default',NULL,'shop',NULL,NULL,'bat_01a21241faba408d0aec5688a221ac45',NULL,1.79560264364296054842e+09,1.79560264364296054842e+09,NULL,1.79577544364296054837e+09,NULL,NULL,NULL,0);
INSERT INTO "messages" VALUES(17,'msg_01a21241faba759ba012c5cfc9be1f7e','+447700800107','to many',NULL,NULL,'transactional','queued','gsm7',NULL,1,1,'default',NULL,'shop',NULL,NULL,'bat_01a21241faba408d0aec5688a221ac45',NULL,1.79560264364296054842e+09,1.79560264364296054842e+09,NULL,1.79577544364296054837e+09,NULL,NULL,NULL,0);
INSERT INTO "messages" VALUES(18,'msg_01a21241faba759ba0f4729696e541bf','+447700800108','to many',NULL,NULL,'transactional','queued','gsm7',NULL,1,1,'default',NULL,'shop',NULL,NULL,'bat_01a21241faba408d0aec5688a221ac45',NULL,1.79560264364296054842e+09,1.79560264364296054842e+09,NULL,1.79577544364296054837e+09,NULL,NULL,NULL,0);
INSERT INTO "messages" VALUES(19,'msg_01a21241faba759ba7f250175099fb56','+447700800109','to many',NULL,NULL,'transactional','queued','gsm7',NULL,1,1,'default',NULL,'shop',NULL,NULL,'bat_01a21241faba408d0aec5688a221ac45',NULL,1.79560264364296054842e+09,1.79560264364296054842e+09,NULL,1.79577544364296054837e+09,NULL,NULL,NULL,0);
INSERT INTO "messages" VALUES(20,'msg_01a21241faba759bb2076ca9555bfeda','+447700800110','to many',NULL,NULL,'transactional','queued','gsm7',NULL,1,1,'default',NULL,'shop',NULL,NULL,'bat_01a21241faba408d0aec5688a221ac45',NULL,1.79560264364296054842e+09,1.79560264364296054842e+09,NULL,1.79577544364296054837e+09,NULL,NULL,NULL,0);
INSERT INTO "messages" VALUES(21,'msg_01a21241faba759bb63def1899688cbb','+447700800111','to many',NULL,NULL,'transactional','queued','gsm7',NULL,1,1,'default',NULL,'shop',NULL,NULL,'bat_01a21241faba408d0aec5688a221ac45',NULL,1.79560264364296054842e+09,1.79560264364296054842e+09,NULL,1.79577544364296054837e+09,NULL,NULL,NULL,0);
CREATE TABLE unmatched_reports (
            n INTEGER PRIMARY KEY,
            digest BLOB NOT NULL UNIQUE,
            modem TEXT NOT NULL,
            sim TEXT NOT NULL,
            tpdu BLOB NOT NULL,
            reference INTEGER NOT NULL,
            recipient TEXT NOT NULL,
            tp_status INTEGER NOT NULL,
            received_at REAL NOT NULL
        );
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE UNIQUE INDEX messages_id ON messages (id);
CREATE INDEX messages_open ON messages (n)
            WHERE status IN ('scheduled', 'queued', 'sending');
CREATE INDEX messages_awaiting_receipt ON messages (updated_at)
            WHERE status = 'sent' AND receipt = 1 AND receipt_overdue = 0;
CREATE INDEX messages_batch ON messages (batch) WHERE batch IS NOT NULL;
CREATE INDEX attempts_reference ON attempts (sim, reference, to_tail, started_at)
            WHERE reference IS NOT NULL;
CREATE INDEX attempts_ambiguous ON attempts (sim, started_at) WHERE state = 'ambiguous';
CREATE INDEX inbound_parts_digest ON inbound_parts (digest);
CREATE INDEX inbound_parts_waiting ON inbound_parts (set_key, received_at)
            WHERE inbound IS NULL;
CREATE INDEX inbound_parts_inbound ON inbound_parts (inbound);
CREATE UNIQUE INDEX inbound_id ON inbound (id);
CREATE INDEX handlings_pending ON handlings (next_at) WHERE state = 'pending';
CREATE INDEX unmatched_reports_reference ON unmatched_reports (sim, reference);
COMMIT;