//! Secrets that stand where credentials stand: connection strings, headers, commands, exceptions, files.

use crate::{MIXED, body, clean, none_left};

/// `@@` is the secret; the words after `|` must stay, where there are any.
const LINES: &str = r#"
postgres://app:@@@db:5432/shop?sslmode=disable | db:5432/shop
postgresql+psycopg2://app:@@@db/shop | app
sqlalchemy.exc.OperationalError: (psycopg2.OperationalError) connection to "postgresql://app:@@@db:5432/shop" failed | db:5432
pgx: failed to connect to `host=db user=app password=@@ database=shop`: dial error | host=db
failed to connect to `user=app password=@@ database=shop`: 10.0.0.7:5432 (db): dial error: connection refused | 10.0.0.7:5432
dial: parse "postgres://app:@@@db:port/shop": invalid port ":port" after host
jdbc:postgresql://db:5432/shop?user=app&password=@@&ssl=true | db:5432/shop
jdbc:mysql://app:@@@db:3306/shop | db:3306
jdbc:sqlserver://db:1433;databaseName=shop;user=sa;password=@@;encrypt=true; | db:1433
jdbc:oracle:thin:app/@@@//db:1521/shop | 1521
jdbc:oracle:thin:app/@@@db:1521:shop | db:1521
sqlplus app/@@@//db:1521/shop | db
jdbc:redshift://db:5439/shop;UID=app;PWD=@@ | db:5439
Server=tcp:db.example.com,1433;Initial Catalog=shop;User ID=sa;Password=@@;Encrypt=True; | db.example.com
Data Source=db;User Id=sa;Pwd=@@;Integrated Security=false | Data Source=db
Driver={ODBC Driver 18};Server=db;Uid=sa;Pwd={@@}; | Server=db
Host=db;Username=app;Password='@@';Database=shop | Host=db
mongodb://app:@@@mongo-0:27017,mongo-1:27017/shop?replicaSet=rs0 | mongo-0:27017
mongodb+srv://app:@@@cluster0.example.net/shop | cluster0.example.net
MongoServerError: bad auth for mongodb+srv://app:@@@cluster0.example.net/?retryWrites=true
redis://:@@@cache:6379/0 | cache:6379
rediss://default:@@@cache:6380 | cache:6380
redis://cache:6379/0?password=@@ | cache:6379
cache:6379,password=@@,ssl=True,abortConnect=False | cache:6379
redis-cli -h cache -a @@ ping | cache
redis-cli -h cache --pass @@ ping | cache
redis-cli AUTH @@
redis-cli AUTH app @@
AUTH @@
>>> AUTH default @@
amqp://app:@@@mq:5672/vhost | mq:5672
amqps://app:@@@mq:5671/%2F | mq:5671
nats://app:@@@nats:4222 | nats:4222
nats://@@@nats:4222 | nats:4222
ldap://cn=admin,dc=example:@@@ldap:389 | ldap:389
smtp://mailer%40example.com:@@@smtp.example.com:587 | smtp.example.com:587
ftp://app:@@@files/x | files/x
sftp://app:@@@files:22/in | files:22
https://app:@@@git.example.com/team/app.git | git.example.com/team/app.git
https://oauth2:@@@gitlab.example.com/team/app.git | gitlab.example.com
https://x-access-token:@@@github.com/team/app.git | github.com/team/app.git
https://@@@github.com/team/app.git | github.com/team/app.git
https://@@:x-oauth-basic@github.com/team/app.git | github.com/team/app.git
http://app:@@@proxy:3128 | proxy:3128
HTTPS_PROXY=http://app:@@@proxy:3128 | proxy:3128
clickhouse://app:@@@ch:9000/shop | ch:9000
tcp://ch:9000?username=app&password=@@ | ch:9000
app:@@@tcp(db:3306)/shop?parseTime=true | db:3306
app:@@@tcp(db:3306)/shop: dial tcp 10.0.0.7:3306: connect: connection refused | 10.0.0.7
app:@@@unix(/run/mysqld.sock)/shop | mysqld.sock
app:@@@(db:3306)/shop | db:3306
app:@@@/shop
cockroachdb://app:@@@crdb:26257/shop | crdb:26257
snowflake://app:@@@acct/shop | acct
app:@@@acct.snowflakecomputing.com/shop | acct.snowflakecomputing.com
elasticsearch: http://elastic:@@@es:9200 is away | es:9200
couchbase://app:@@@cb | cb
influxdb://app:@@@influx:8086 | influx:8086
https://@@@o12345.ingest.sentry.io/42 | o12345.ingest.sentry.io/42
DefaultEndpointsProtocol=https;AccountName=shop;AccountKey=@@==;EndpointSuffix=core.windows.net | AccountName=shop
BlobEndpoint=https://shop.blob.core.windows.net;SharedAccessSignature=sv=2024&sig=@@%3D | shop.blob.core.windows.net
Endpoint=sb://bus.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=@@= | SharedAccessKeyName=Root
HostName=hub.azure-devices.net;DeviceId=d1;SharedAccessKey=@@= | DeviceId=d1
https://shop.blob.core.windows.net/c/f?sv=2024-01-01&se=2026&sr=b&sp=r&sig=@@%3D | sv=2024-01-01
https://bucket.s3.amazonaws.com/f?X-Amz-Credential=x&X-Amz-Signature=@@ | bucket.s3.amazonaws.com
https://storage.googleapis.com/b/f?X-Goog-Signature=@@&x=1 | storage.googleapis.com
SharedAccessSignature sr=bus.example.com&sig=@@%3D&se=1790000000&skn=Root | bus.example.com
sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username="app" password="@@"; | username="app"
sasl.jaas.config = org.apache.kafka.common.security.scram.ScramLoginModule required username='app' password='@@'; | ScramLoginModule
sasl.jaas.config: ScramLoginModule required username=\"app\" password=\"@@\"; | username
{"sasl.jaas.config":"PlainLoginModule required username=\"app\" password=\"@@\";"} | username
sasl_plain_password='@@', sasl_plain_username='app' | app
{"auths":{"registry.example.com":{"auth":"@@"}}} | registry.example.com
{"auths":{"registry.example.com":{"username":"app","password":"@@","auth":"eA=="}}} | username
{\"auths\":{\"registry.example.com\":{\"auth\":\"@@\"}}} | registry.example.com
.dockerconfigjson: @@
//registry.example/:_authToken=@@ | registry.example
//registry.example.com/:_password=@@ | registry.example.com
_auth=@@
machine api.example.com login app password @@ | api.example.com
machine api.example.com password @@ login app | login app
[global] user = app password = @@ host = db | host = db
Authorization: Bearer @@
authorization: bearer @@
Authorization: Basic @@==
Authorization: Token @@
Authorization: token @@
Authorization: ApiKey @@
Authorization: @@
Authorization: Digest username="app", realm="x", response="@@"
Authorization: AWS4-HMAC-SHA256 Credential=x/20261121/eu/s3/aws4_request, SignedHeaders=host, Signature=@@
Authorization: Splunk @@
Authorization: GenieKey @@
Authorization: Key @@
Authorization: SSWS @@
Authorization: Hawk id="a", mac="@@"
Proxy-Authorization: Basic @@==
X-Forwarded-Authorization: Bearer @@
"Authorization": "Bearer @@" | Authorization
{"headers":{"authorization":"Bearer @@","host":"db"}} | "host":"db"
{\"headers\":{\"authorization\":[\"Bearer @@\"],\"host\":\"db\"}} | host
map[Accept:[*/*] Authorization:[Bearer @@] Host:[db]] | Accept
headers={'Authorization': 'Bearer @@', 'Accept': '*/*'} | Accept
req.headers.authorization='Bearer @@'
headers: { authorization: 'Basic @@==', host: 'db' } | host
HTTP_AUTHORIZATION="Bearer @@"
-H "Authorization: Bearer @@" https://api.example.com | api.example.com
-H Authorization:Bearer\ @@ https://api.example.com | api.example.com
grpc metadata: authorization=Bearer @@, host=db
:authority: api.example.com, authorization: Bearer @@ | api.example.com
bearer_token: @@
bearerToken=@@
X-Api-Key: @@
x-api-key=@@
X-Auth-Key: @@
X-Shopify-Access-Token: @@
X-GitHub-Token: @@
PRIVATE-TOKEN: @@
X-CSRF-Token: @@
apikey: @@
Ocp-Apim-Subscription-Key: @@
x-functions-key: @@
X-Goog-Api-Key: @@
Api-Key: @@
DD-API-KEY: @@
X-Amz-Security-Token: @@
Set-Cookie: session=@@; Path=/; HttpOnly | Set-Cookie
Cookie: theme=dark; sid=@@; x=1
cookie: connect.sid=s%3A@@.abc
{"cookie":"session=@@; theme=dark"}
{"set-cookie":["sid=@@; Path=/"]}
"Cookie":["_session_id=@@"]
curl -u app:@@ https://api.example.com | https://api.example.com
curl -uapp:@@ https://api.example.com | https://api.example.com
curl --user app:@@ https://api.example.com | app
curl -X POST -d '{"user":"app","password":"@@"}' https://api.example.com | user
curl -d "grant_type=password&username=app&password=@@" https://api.example.com/token | username=app
curl --data-urlencode 'client_secret=@@' https://login.example.com | login.example.com
curl -H 'X-Api-Key: @@' https://api.example.com | api.example.com
curl --oauth2-bearer @@ https://api.example.com | api.example.com
curl --cookie "sid=@@" https://api.example.com | api.example.com
curl -b sid=@@ https://api.example.com | api.example.com
curl --proxy-user app:@@ https://api.example.com | api.example.com
wget --user=app --password=@@ https://api.example.com | api.example.com
wget --http-password=@@ https://api.example.com | api.example.com
http -a app:@@ https://api.example.com | api.example.com
kubectl create secret docker-registry r --docker-username=app --docker-password=@@ | docker-username=app
kubectl create secret generic db --from-literal=password=@@ | generic db
kubectl config set-credentials admin --token=@@ | admin
kubectl --token @@ get pods | get pods
oc login --token=@@ --server=https://api.example.com | api.example.com
docker login -u app -p @@ registry.example.com | registry.example.com
docker login --username app --password @@ registry.example.com | registry.example.com
helm registry login -u app -p @@ registry.example.com | registry.example.com
az login --service-principal -u id -p @@ --tenant t | tenant
vault login @@
vault login token=@@
vault kv put secret/db password=@@ | secret/db
mysql -h db -uapp -p@@ shop | mysql -h db
mysqldump -h db -u app --password=@@ shop | mysqldump -h db
mysqladmin -u root -p'@@' status | status
mongosh -u app -p @@ mongodb://mongo:27017 | mongo:27017
mongo --username app --password @@ --host db | db
PGPASSWORD=@@ psql -h db -U app shop | psql -h db
PGPASSWORD='@@' pg_dump -h db | pg_dump -h db
MYSQL_PWD=@@ mysql -h db | mysql -h db
sshpass -p @@ ssh app@host | ssh app
sshpass -p '@@' ssh app@host | ssh app
ldapsearch -x -D cn=admin -w @@ -b dc=example | dc=example
openssl enc -aes-256-cbc -k @@ -in f | -in f
openssl rsa -in key.pem -passin pass:@@ | key.pem
keytool -list -keystore k.jks -storepass @@ | k.jks
keytool -list -keystore k.jks -storepass @@ -keypass x | k.jks
snmpwalk -v3 -u app -A @@ host | host
smbclient //host/share -U app%@@ | share
net use z: \\host\share /user:app @@
sqlcmd -S db -U sa -P @@ -Q "select 1" | sqlcmd -S db
bcp shop.dbo.t out f -S db -U sa -P @@ | shop.dbo.t
psql "host=db user=app password=@@ dbname=shop" | dbname=shop
rabbitmqctl add_user app @@ | add_user app
rabbitmqctl change_password app @@ | app
htpasswd -b f app @@
echo '@@' | passwd --stdin app
echo @@ | docker login --password-stdin
ansible-playbook -e ansible_password=@@ site.yml | site.yml
rclone config create x s3 secret_access_key @@
git clone https://app:@@@git.example.com/x | git.example.com/x
fatal: Authentication failed for 'https://app:@@@git.example.com/x' | git.example.com/x
CREATE USER app WITH PASSWORD '@@' | CREATE USER app
ALTER USER app PASSWORD '@@' | ALTER USER app
ALTER ROLE app WITH ENCRYPTED PASSWORD '@@' | ALTER ROLE app
CREATE USER 'app'@'%' IDENTIFIED BY '@@' | CREATE USER 'app'
CREATE USER 'app'@'%' IDENTIFIED WITH mysql_native_password BY '@@' | CREATE USER 'app'
SET PASSWORD FOR 'app'@'%' = PASSWORD('@@')
SET PASSWORD FOR app = '@@'
CREATE LOGIN app WITH PASSWORD = N'@@' | CREATE LOGIN app
ERROR 1396 (HY000) at line 1: GRANT ALL ON *.* TO 'app'@'%' IDENTIFIED BY '@@' | ERROR 1396
UPDATE users SET password = '@@' WHERE id = 1 | WHERE id = 1
SELECT * FROM users WHERE password='@@' AND id=1 | AND id=1
CREATE USER MAPPING FOR app SERVER s OPTIONS (user 'app', password '@@') | SERVER s
the password is @@
password is: @@
Password: @@
Your temporary password is @@.
Generated root password: @@
A temporary password is generated for root@localhost: @@ | root@localhost
GENERATED ROOT PASSWORD: @@
Using generated security password: @@
Admin password set to '@@'
username: admin password: @@ | admin
username=admin, password=@@ | admin
user/pass: admin/@@
user:password = admin:@@
credentials: admin:@@
pass: @@
passwd @@
api key @@ is not valid
Incorrect API key provided: @@. You can find your API key at https://platform.example.com | platform.example.com
openai.AuthenticationError: Error code: 401 - {'error': {'message': 'Incorrect API key provided: @@.'}} | 401
Invalid API Key provided: @@
stripe: invalid api key: @@
token @@ has expired
token "@@" is invalid
the token '@@' was refused
bad token: @@
invalid token @@
Unlock secret: @@
secret is "@@"
requirepass @@
masterauth @@
user default on >@@ ~* +@all
ACL SETUSER app on >@@ allkeys +@all | app
root_password: @@ | root_password
bootstrap.password=@@
ssl.keystore.password=@@
ssl_passphrase @@;
proxy_set_header Authorization "Basic @@==";
username: app\npassword: @@\nhost: db | host: db
{"data":{"password":"@@"},"kind":"Secret"} | Secret
{"stringData":{"config.yaml":"db:\n  password: @@\n  host: db\n"}} | host: db
{"msg":"env","env":["HOME=/root","DB_PASSWORD=@@","PATH=/bin"]} | PATH=/bin
[HOME=/root DB_PASSWORD=@@ PATH=/bin] | PATH=/bin
HOME=/root:DB_PASSWORD=@@:PATH=/bin
{HOME=/root, DB_PASSWORD=@@, PATH=/bin} | PATH=/bin
Caused by: com.example.AuthException: login failed for app with password @@ | AuthException
Caused by: java.sql.SQLException: Access denied, url=jdbc:mysql://db/shop?user=app&password=@@ | jdbc:mysql://db/shop
KeyError: 'unknown option password=@@' | KeyError
ValueError: invalid literal for int() with base 10: 'password=@@' | base 10
panic: parse "redis://:@@@cache:6379:x": invalid port | panic
thread 'main' panicked at src/main.rs:4: bad settings: Settings { user: "app", password: "@@" } | src/main.rs:4
thread 'main' panicked: Config { user: "app", api_key: Some("@@"), port: 1 } | port: 1
{Password:@@ User:app} | User:app
{User:app Password:@@}
&config.Database{User:"app", Password:"@@", Host:"db"} | Host:"db"
(*config.DB)(0xc000){User:(string)(len=3)"app",Password:(string)(len=12)"@@"} | app
Database(user=app, password=@@, host=db) | host=db
DataSource[user=app,password=@@,host=db] | host=db
Error: connect ECONNREFUSED { user: 'app', password: '@@', host: 'db' } | ECONNREFUSED
  password: '@@',
  password: "@@"
password="@@"
password = '@@'
password:'@@'
password:"@@"
"password":"@@"
'password':'@@'
\"password\":\"@@\"
PASSWORD=@@;
password=@@|user=app
password=@@&x
password=@@\n
password=@@\nuser=app | user=app
--password=@@
--password @@
--password="@@"
--db-password '@@'
-password @@
/p:Password=@@
--requirepass @@
--auth-token=@@
"--api-key=@@"
- --api-key=@@
- "--token=@@"
args: [--token, @@] | args
args: ["--token", "@@"] | args
GPG_PASSPHRASE=@@
private_key=@@
"private_key_id": "x", "private_key": "@@"
client-key-data: @@
client_key_data: @@
refresh-token: @@
    token: @@
  id-token: @@
identity_token=@@
code_verifier=@@
X-Plex-Token=@@
access_token%3D@@%26user | user
redirect?next=%2Fcb%3Ftoken%3D@@ | next
{"token":"@@","expires":3600} | expires
{"access_token":"@@","token_type":"bearer"} | token_type
{"secret":"@@"}
{"apikey":"@@"}
{"pass":"@@","user":"app"} | app
{"pwd":"@@"}
{"auth":{"user":"app","pass":"@@"}} | app
{"login":{"username":"app","password":["@@"]}} | app
{"password":{"value":"@@"}}
{"Password":{"Value":"@@","Set":true}}
password: !!str @@
password: &p @@
db: {user: app, password: @@, host: db} | host: db
- password: @@
JSESSIONID=@@
PHPSESSID=@@; path=/
session_id=@@
connect.sid=@@
"sessionId":"@@"
"#;

/// Forms in which a value stands in no pair: base64 of `user:password`.
#[test]
fn no_credential_is_left_where_credentials_stand() {
    // A value that could be part of any of these languages without being quoted.
    let values = [
        format!("Zq7{}", body(MIXED, 17, 42)),
        "hunter2-PLANTED-0042".into(),
        "8f14e45fceea167a5a36dedd4bea2543".into(),
    ];
    let (mut count, mut leaks) = (0, Vec::new());
    for line in LINES.lines().filter(|line| !line.is_empty()) {
        let (context, kept) = line.rsplit_once(" | ").unwrap_or((line, ""));
        // A pipe of the shell is no separator of ours.
        let (context, kept) = if kept.starts_with("passwd") || kept.starts_with("docker login") {
            (line, "")
        } else {
            (context, kept)
        };
        for value in &values {
            count += 1;
            let text = context.replace("@@", value);
            let clean = clean(&text);
            if clean.contains(value.as_str()) {
                leaks.push((context.to_owned(), text.clone(), clean.clone()));
            }
            assert!(clean.contains(kept), "{kept:?} went: {text}\n→ {clean}");
        }
    }
    none_left(count, &leaks);
}

#[test]
fn no_part_of_a_private_key_is_left() {
    let lines: Vec<String> = (0..12).map(|seed| body(MIXED, 64, seed + 100)).collect();
    let label = |kind: &str| format!("-----{kind} RSA PRIVATE KEY-----");
    let pem = format!("{}\n{}\n{}\n", label("BEGIN"), lines.join("\n"), label("END"));
    let openssh = pem.replace("RSA PRIVATE", "OPENSSH PRIVATE");
    let mut leaks = Vec::new();
    let mut count = 0;
    for pem in [pem, openssh] {
        let cases = [
            ("lines", format!("loaded\n{pem}done\n")),
            ("indented", format!("tls.key: |\n  {}", pem.replace('\n', "\n  "))),
            ("json", format!("{{\"key\":\"{}\"}}", pem.replace('\n', "\\n"))),
            ("json in json", format!("{{\"msg\":\"{{\\\"key\\\":\\\"{}\\\"}}\"}}", pem.replace('\n', "\\\\n"))),
            ("carriage returns", pem.replace('\n', "\\r\\n")),
            ("env", format!("TLS_KEY=\"{}\"", pem.replace('\n', " "))),
            ("python bytes", format!("b'{}'", pem.replace('\n', "\\n"))),
            ("python list", format!("['{}']", pem.trim().replace('\n', "', '"))),
            ("prefixed", pem.lines().map(|line| format!("2026-11-21T02:14:00Z stdout F {line}\n")).collect()),
            ("quoted lines", pem.lines().map(|line| format!("  \"{line}\\n\" +\n")).collect()),
            ("crlf", pem.replace('\n', "\r\n")),
            ("percent", pem.replace('\n', "%0A")),
            ("docker json lines", pem.lines().map(|line| format!("{{\"log\":\"{line}\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-21T02:14:00Z\"}}\n")).collect()),
            ("no begin", pem.lines().skip(3).map(|line| format!("{line}\n")).collect()),
            ("no end", pem.lines().take(6).map(|line| format!("{line}\n")).collect()),
        ];
        for (case, text) in cases {
            let clean = clean(&text);
            for line in &lines {
                count += 1;
                if text.contains(line.as_str()) && clean.contains(&line[10..40]) {
                    leaks.push((case.to_owned(), line.clone(), clean.clone()));
                }
            }
        }
    }
    none_left(count, &leaks);
}
