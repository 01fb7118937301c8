container
wait_port 18120
wait_port 18122
cat > "$space/mail.py" <<'P'
import imaplib, smtplib, ssl, sys, time
from email.message import EmailMessage

context = ssl.create_default_context(cafile=sys.argv[1])


def send(to, subject, login=False, text='Hello, ü.\n'):
    message = EmailMessage()
    message['From'], message['To'], message['Subject'] = 'sender@outside.test', to, subject
    message.set_content(text)
    try:
        with smtplib.SMTP('localhost', 18121 if login else 18120, timeout=20) as smtp:
            if login:
                smtp.starttls(context=context)
                print('mechanisms', smtp.ehlo() and smtp.esmtp_features.get('auth'))
                smtp.login('guest', login)
            smtp.send_message(message)
        print('sent', to, subject)
    except smtplib.SMTPException as error:
        print('refused', to, subject, str(error)[:120])


send('guest@mail.test', 'first')
send('sales@mail.test', 'an invoice')
send('root@mail.test', 'to root')
send('nobody@mail.test', 'unknown')
send('missing@mail.test', 'unknown')
send('nobody-there@mail.test', 'unknown')
send('guest@mail.test', 'buy viagra')
send('other@outside.test', 'relay')
send('guest@mail.test', 'by submission', login='secret')
send('guest@mail.test', 'by submission', login='wrong')
for turn in range(100):
    imap = imaplib.IMAP4_SSL('localhost', 18123, ssl_context=context)
    imap.login('guest', 'secret')
    counts = [imap.select(box)[1][0] for box in ('INBOX', 'Invoices')]
    if counts[0] == b'2' and counts[1] == b'1':
        break
    imap.logout()
    time.sleep(0.2)
print(counts, sorted(imap.list()[1]))
for box in ('INBOX', 'Invoices'):
    imap.select(box)
    for number in imap.search(None, 'ALL')[1][0].split():
        print(box, number, imap.fetch(number, '(BODY.PEEK[HEADER.FIELDS (SUBJECT)] BODY[TEXT] FLAGS)')[1])
imap.select('INBOX')
print(imap.sort('REVERSE SUBJECT', 'UTF-8', 'ALL'), imap.thread('REFERENCES', 'UTF-8', 'ALL'))
print(imap.search('UTF-8', 'TEXT', 'Hello'))
print(imap.store('1', '+FLAGS', '\\Deleted'), imap.expunge())
print(imap.create('Archive/Älter'.encode('utf-7').decode().replace('+', '&')), imap.copy('1', 'Archive'))
print('quota' in str(imap.capability()).lower(), imap.getquotaroot('INBOX')[0])
imap.append('INBOX', '', imaplib.Time2Internaldate(0), b'Subject: appended\r\n\r\ntext\r\n')
print(imap.status('INBOX', '(MESSAGES UIDNEXT)'))
imap.logout()
plain = imaplib.IMAP4('localhost', 18122)
print(plain.login_cram_md5('guest', 'secret')[0])
plain.logout()
try:
    imaplib.IMAP4('localhost', 18122).login('guest', 'wrong')
except imaplib.IMAP4.error as error:
    print(error)
P
python3 -I "$space/mail.py" "$before/app/tls/ca.crt" 2>&1
run postfix status 2>&1 | sed 's/PID: [0-9]*/PID/; s/^.*: the/the/'
run doveadm service status imap | head -n 1
run postfix reload >&2
sleep 2
python3 -I - <<'P'
import smtplib
with smtplib.SMTP('localhost', 18120, timeout=20) as smtp:
    print(smtp.sendmail('a@outside.test', ['guest@mail.test'], 'Subject: after reload\n\ntext\n'))
P
run postfix stop >&2 || true
wait "$container_pid" || echo "ended $?"
