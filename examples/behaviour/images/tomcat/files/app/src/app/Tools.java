package app;

import jakarta.servlet.http.*;
import java.io.*;
import java.nio.charset.StandardCharsets;
import java.security.*;
import java.util.*;
import java.util.zip.*;
import javax.crypto.*;
import javax.crypto.spec.*;
import javax.naming.InitialContext;
import javax.sql.DataSource;

public class Tools extends HttpServlet {
  protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
    response.setContentType("text/plain; charset=UTF-8");
    PrintWriter out = response.getWriter();
    try {
      switch (String.valueOf(request.getPathInfo())) {
        case "/hash": out.println(HexFormat.of().formatHex(MessageDigest.getInstance("SHA3-256").digest("slim".getBytes()))); break;
        case "/crypt": Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding"); cipher.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(new byte[16], "AES"), new GCMParameterSpec(128, new byte[12])); out.println(HexFormat.of().formatHex(cipher.doFinal("slim".getBytes()))); break;
        case "/xml": out.println(javax.xml.xpath.XPathFactory.newInstance().newXPath().evaluate("/a/b", new org.xml.sax.InputSource(new StringReader("<a><b>x</b></a>")))); break;
        case "/sql": try (var c = ((DataSource) new InitialContext().lookup("java:comp/env/jdbc/db")).getConnection(); var r = c.createStatement().executeQuery("select upper('sql')")) { r.next(); out.println(r.getString(1)); } break;
        case "/charset": out.println(new String("東京".getBytes("Shift_JIS"), "Shift_JIS")); break;
        case "/image": var image = new java.awt.image.BufferedImage(20, 20, java.awt.image.BufferedImage.TYPE_INT_RGB); var g = image.createGraphics(); g.drawString("x", 2, 15); var bytes = new ByteArrayOutputStream(); javax.imageio.ImageIO.write(image, "png", bytes); out.println(bytes.size() > 50); break;
        case "/child": out.println(new String(new ProcessBuilder("/bin/sh", "-c", "echo shell | tr a-z A-Z").start().getInputStream().readAllBytes()).trim()); break;
        case "/log": java.util.logging.Logger.getLogger("app").warning("logged"); out.println("logged"); break;
        default: response.sendError(404, "no tool");
      }
    } catch (Throwable e) { out.println(e); }
  }
}
