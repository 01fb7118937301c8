<%@ page contentType="text/html; charset=UTF-8" import="java.util.*,java.time.*,java.text.*" %>
<%@ taglib prefix="t" tagdir="/WEB-INF/tags" %>
<% String name = request.getParameter("name"); session.setAttribute("count", 1); %>
<p>Hello, <%= name == null ? "nobody" : name %> <%= MessageFormat.format("{0,number,#.##}", 3.14159) %></p>
<% for (String word : new TreeSet<>(List.of("b", "a"))) { %><i><%= word %></i><% } %>
<p>${param.name} ${1 + 2} ${["a", "b"].stream().map(x -> x.toUpperCase()).toList()} ${sessionScope.count}</p>
<p><%= ZonedDateTime.of(2025, 6, 21, 12, 0, 0, 0, ZoneId.of("Asia/Tokyo")) %> <%= new SimpleDateFormat("EEEE", Locale.GERMAN).format(new Date(0)) %></p>
<t:box title="boxed">inside</t:box>
<%@ include file="part.jspf" %>
