import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.Charset;
import java.security.MessageDigest;
import java.text.NumberFormat;
import java.time.Instant;
import java.time.ZoneId;
import java.util.HexFormat;
import java.util.Locale;

/** Asks for a page by https with the system's authorities, then uses what the runtime loads late. */
public final class Fetch {
    public static void main(String[] words) throws Exception {
        HttpResponse<String> answer = HttpClient.newHttpClient()
            .send(HttpRequest.newBuilder(URI.create(words[0])).build(), HttpResponse.BodyHandlers.ofString());
        System.out.print(answer.statusCode() + " " + answer.body());
        System.out.println(Instant.ofEpochSecond(1750500000).atZone(ZoneId.of("America/Sao_Paulo")));
        System.out.println(NumberFormat.getInstance(Locale.GERMANY).format(1234567.8));
        System.out.println(new String(new byte[] {(byte) 0x93, (byte) 0x8c}, Charset.forName("Shift_JIS")));
        System.out.println(HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest("slim".getBytes())));
        System.out.println(javax.crypto.Cipher.getInstance("AES/GCM/NoPadding").getProvider().getName());
        System.out.println(java.util.zip.Deflater.class.getName() + " " + new java.util.zip.CRC32().getValue());
        System.out.println(java.lang.management.ManagementFactory.getRuntimeMXBean().getVmName());
        Process child = new ProcessBuilder(System.getProperty("java.home") + "/bin/java", "-version").start();
        System.out.println("child " + child.waitFor());
    }
}
